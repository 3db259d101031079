//! Python's `random.Random`: the same seed gives the same numbers, so that `random(seed=…)` keeps choosing what
//! Ansible chose. Without a seed the system's generator is asked.

use kdo_value::Value;
use sha2::{Digest, Sha512};

const N: usize = 624;
const M: usize = 397;

struct Twister {
    state: [u32; N],
    next: usize,
}

/// A source of random numbers.
pub(crate) struct Random(Option<Box<Twister>>);

impl Random {
    /// Unpredictable numbers.
    pub(crate) fn system() -> Self {
        Self(None)
    }

    /// Seeded as Python's `Random(seed)`; none gives unpredictable numbers.
    pub(crate) fn seeded(seed: &Value) -> Self {
        let bytes = match seed {
            Value::None => return Self::system(),
            Value::Big(n) => n.magnitude().to_bytes_be(),
            Value::Float(f) => float_hash(*f).to_be_bytes().to_vec(),
            v => match v.as_int() {
                Some(n) => n.unsigned_abs().to_be_bytes().to_vec(),
                None => {
                    let text = v.to_text();
                    let digest = Sha512::digest(text.as_bytes());
                    [text.as_bytes(), &digest[..]].concat()
                }
            },
        };
        let mut words: Vec<u32> = bytes
            .rchunks(4)
            .map(|c| c.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
            .collect();
        while words.len() > 1 && words.last() == Some(&0) {
            words.pop();
        }
        Self(Some(Box::new(Twister::new(&words))))
    }

    fn word(&mut self) -> u32 {
        match &mut self.0 {
            Some(twister) => twister.word(),
            None => rand::random(),
        }
    }

    /// A number below `n` (0 for 0).
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let bits = u64::BITS - n.leading_zeros();
        loop {
            let value = if bits <= 32 {
                u64::from(self.word() >> (32 - bits))
            } else {
                let low = u64::from(self.word());
                let high = u64::from(self.word() >> (64 - bits));
                high << 32 | low
            };
            if value < n {
                return value;
            }
        }
    }

    /// One of the items.
    pub(crate) fn choice<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let i = self.below(items.len() as u64);
        items.get(usize::try_from(i).ok()?)
    }

    /// Puts the items in a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = usize::try_from(self.below(i as u64 + 1)).unwrap_or(i);
            items.swap(i, j);
        }
    }
}

/// Python's `hash(float)`, modulo the prime 2^61 - 1.
pub(crate) fn float_hash(f: f64) -> u64 {
    const BITS: i32 = 61;
    const PRIME: u64 = (1 << BITS) - 1;
    if !f.is_finite() {
        return if f.is_nan() { 0 } else { 314_159 };
    }
    let mut m = f.abs();
    let mut e: i32 = 0;
    while m >= 1.0 {
        m /= 2.0;
        e += 1;
    }
    while m > 0.0 && m < 0.5 {
        m *= 2.0;
        e -= 1;
    }
    let mut x: u64 = 0;
    while m != 0.0 {
        x = (x << 28) & PRIME | x >> (BITS - 28);
        m *= 268_435_456.0;
        e -= 28;
        let y = m as u64;
        m -= y as f64;
        x += y;
        if x >= PRIME {
            x -= PRIME;
        }
    }
    let e = e.rem_euclid(BITS);
    (x << e) & PRIME | x >> (BITS - e)
}

impl Twister {
    fn new(key: &[u32]) -> Self {
        let mut mt = [0_u32; N];
        mt[0] = 19_650_218;
        for i in 1..N {
            mt[i] = 1_812_433_253_u32
                .wrapping_mul(mt[i - 1] ^ (mt[i - 1] >> 30))
                .wrapping_add(i as u32);
        }
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let word = key.get(j).copied().unwrap_or(0);
            mt[i] = (mt[i] ^ (mt[i - 1] ^ (mt[i - 1] >> 30)).wrapping_mul(1_664_525))
                .wrapping_add(word)
                .wrapping_add(j as u32);
            i += 1;
            j += 1;
            if i >= N {
                mt[0] = mt[N - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 0..N - 1 {
            mt[i] =
                (mt[i] ^ (mt[i - 1] ^ (mt[i - 1] >> 30)).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i >= N {
                mt[0] = mt[N - 1];
                i = 1;
            }
        }
        mt[0] = 0x8000_0000;
        Self { state: mt, next: N }
    }

    fn word(&mut self) -> u32 {
        if self.next >= N {
            for k in 0..N {
                let y = (self.state[k] & 0x8000_0000) | (self.state[(k + 1) % N] & 0x7fff_ffff);
                let odd = if y & 1 == 0 { 0 } else { 0x9908_b0df };
                self.state[k] = self.state[(k + M) % N] ^ (y >> 1) ^ odd;
            }
            self.next = 0;
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, float_hash};
    use kdo_value::Value;

    #[test]
    fn seeds_give_the_numbers_of_python() {
        let first = |seed: Value, n| Random::seeded(&seed).below(n);
        assert_eq!(first(Value::str("x"), 10), 5);
        assert_eq!(first(Value::Int(5), 100), 79);
        assert_eq!(first(Value::str("host1"), 59), 31);
        assert_eq!(first(Value::Float(1.5), 10), 8);
        assert_eq!(float_hash(2.0), 2);
    }

    #[test]
    fn an_unseeded_choice_is_one_of_the_items() {
        let mut random = Random::system();
        assert_eq!(random.choice(&[7]), Some(&7));
        assert_eq!(random.choice::<i32>(&[]), None);
        assert!((0..100).all(|_| random.below(3) < 3));
    }
}
