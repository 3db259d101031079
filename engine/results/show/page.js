// Folding and filtering only; the page is complete without it.
(function () {
  var form = document.querySelector("form.filter");
  var text = form.elements.text, changed = form.elements.changed;
  var rows = document.querySelectorAll("tr[data-name]"), tests = document.querySelectorAll("details.test");
  function show() {
    var words = text.value.toLowerCase().split(/\s+/);
    function fits(e) {
      return words.every(function (w) { return e.dataset.name.indexOf(w) >= 0; });
    }
    rows.forEach(function (row) {
      row.hidden = !fits(row) || (changed.checked && !row.hasAttribute("data-bad"));
    });
    tests.forEach(function (test) { test.hidden = !fits(test); });
    document.querySelectorAll("tbody.tests").forEach(function (body) {
      body.hidden = !body.querySelector("tr[data-name]:not([hidden])");
    });
  }
  function unfold() {
    var test = location.hash && document.getElementById(location.hash.slice(1));
    if (!test || !test.matches("details.test")) { return; }
    for (var e = test; e; e = e.parentElement) { if (e.matches("details")) { e.open = true; } }
    test.scrollIntoView();
  }
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("input", show);
  form.elements.unfold.addEventListener("click", function () {
    var open = Array.prototype.some.call(tests, function (t) { return !t.open; });
    document.querySelectorAll("details.group, details.test").forEach(function (d) { d.open = open; });
  });
  addEventListener("hashchange", unfold);
  form.hidden = false;
  show();
  unfold();
})();
