//! Text to values with places, and places back to text: YAML 1.1 and JSON as Ansible reads them, YAML as PyYAML
//! writes it, the files that were read, and messages that point into them.

mod construct;
mod date;
mod diagnostic;
mod emit;
mod excerpt;
mod hints;
mod json;
mod load;
mod nearest;
mod node;
mod render;
mod resolve;
mod scalar;
mod source;

pub use date::YamlDate;
pub use diagnostic::{Diagnostic, Severity};
pub use emit::{EmitOptions, emit_yaml};
pub use excerpt::excerpt;
pub use load::{Documents, LoadOptions, decode, load_file, load_secret, load_text, load_yaml, read_file};
pub use nearest::nearest;
pub use render::render;
pub use resolve::{Tag, resolve};
pub use source::{Source, SourceMap};
