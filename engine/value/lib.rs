//! kdo's values: what variables, module arguments and results are made of, with Python's semantics of text,
//! truth, equality and order. Values are cheap to clone (shared) and belong to one thread.

pub mod codec;
mod compact;
mod compare;
mod float;
pub mod glob;
pub mod json;
mod list;
mod map;
pub mod number;
mod object;
mod origin;
mod printable;
mod repr;
mod sequence;
mod text;
mod undefined;
mod unified;
mod value;

pub use compact::Compactor;
pub use float::float_repr;
pub use list::List;
pub use map::{Key, Map};
pub use object::Object;
pub use origin::Origin;
pub use printable::is_printable;
pub use repr::repr_str;
pub use text::Text;
pub use undefined::{Undefined, UndefinedKind};
pub use unified::{DiffPart, unified_diff};
pub use value::{Value, VaultText};

/// Python's big integers.
pub use num_bigint::BigInt;
