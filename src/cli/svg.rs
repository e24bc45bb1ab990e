//! What all pictures of the command line begin with.

use std::fmt::Display;

/// An SVG of a white sheet, not yet closed.
pub(super) fn sheet(width: impl Display, height: impl Display, font: u8) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"{font}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    )
}
