//! Opening of every SVG that the command line draws.

use std::fmt::Display;

/// Opening tag and white background of an SVG. The caller appends `</svg>`.
pub(super) fn open_svg(width: impl Display, height: impl Display, font: u8) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"{font}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    )
}
