//! Names of the files of a model that is split into parts.

/// Position of a file in a model split into parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelPart {
    /// File name without the part number, the same for all parts.
    pub(crate) stem: String,
    /// Number of this part, from 1.
    pub(crate) number: usize,
    /// Number of parts.
    pub(crate) count: usize,
}

/// Parses names such as `stem-00002-of-00005.gguf`, the convention of tools that split models;
/// `None` for any other name.
pub(crate) fn part_of(name: &str) -> Option<ModelPart> {
    let (bare, extension) = name.rsplit_once('.')?;
    let (rest, count) = bare.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(number) || !digits(count) {
        return None;
    }
    let (number, count) = (number.parse().ok()?, count.parse().ok()?);
    (1..=count).contains(&number).then(|| ModelPart {
        stem: format!("{stem}.{extension}"),
        number,
        count,
    })
}
