//! Short form for entries of the register.

/// A [`crate::Callable`]: full name, function, sentence, aliases, then `template => JSON result` examples.
/// With `lenient` before the name, missing values are passed in instead of failing the call.
macro_rules! callable {
    (lenient $name:literal, $run:expr, $doc:literal, [$($alias:literal),*] $(; $($t:literal => $r:literal),* $(,)?)?) => {
        callable!(@ true, $name, $run, $doc, [$($alias),*] $(; $($t => $r),*)?)
    };
    (@ $lenient:literal, $name:literal, $run:expr, $doc:literal, [$($alias:literal),*] $(; $($t:literal => $r:literal),*)?) => {
        $crate::Callable {
            name: $name,
            aliases: &[$($alias),*],
            doc: $doc,
            accepts_undefined: $lenient,
            run: $run,
            examples: &[$($($crate::Example { template: $t, result: $r }),*)?],
        }
    };
    ($name:literal, $run:expr, $doc:literal, [$($alias:literal),*] $(; $($t:literal => $r:literal),* $(,)?)?) => {
        callable!(@ false, $name, $run, $doc, [$($alias),*] $(; $($t => $r),*)?)
    };
}
pub(crate) use callable;
