//! Layout of models on disk: one folder per model, `models/NAME/…`.
//!
//! A folder holds either a text model as one `.gguf` file or its parts, also in a subfolder and
//! beside helpers such as projectors, or a safetensors model:
//! `config.json`, `tokenizer.json` and `model.safetensors`, whole or in parts. The architecture in
//! `config.json` decides whether the latter generates text or embeds it. A path to such a file or
//! folder is accepted wherever a model name is.
//!
//! Invariants
//! - A model name is a single folder name; nothing outside the models folder is listed or removed.

use crate::hub::error::HubError;
use crate::hub::gguf_name;
use crate::hub::part::part_of;
use crate::hub::verify::stays_inside;
use std::collections::BTreeSet;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// Longest model name, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Files that every safetensors model must have.
const DESCRIPTION: [&str; 2] = ["config.json", "tokenizer.json"];
/// Weights of a safetensors model that is not split.
const WEIGHTS: &str = "model.safetensors";
/// Largest `config.json`, in bytes; the largest published ones have some 10,000.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ModelTask {
    /// Generates text.
    Generate,
    /// Embeds text.
    Embed,
}

impl ModelTask {
    /// Name in JSON and in messages.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Embed => "embed",
        }
    }
}

/// A model found on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelFiles {
    /// Name of its folder, or of its file without the extension.
    pub name: String,
    /// What the model does.
    pub task: ModelTask,
    /// Folder that holds its files.
    pub folder: PathBuf,
    /// Files of the model, relative to its folder; the weights come first, in order.
    pub files: Vec<String>,
    /// Size of the weights in bytes, over all parts.
    pub bytes: u64,
    load_path: PathBuf,
}

impl ModelFiles {
    /// Path to load the model from: the first GGUF file, or the folder of a safetensors model.
    #[must_use]
    pub(crate) fn load_path(&self) -> &Path {
        &self.load_path
    }

    /// Returns the model if it does what is wanted.
    ///
    /// # Errors
    /// [`HubError::ModelTask`] if it does not.
    pub(crate) fn require(self, wanted: ModelTask) -> Result<Self, HubError> {
        if self.task == wanted {
            return Ok(self);
        }
        let (found, wanted) = (self.task.name(), wanted.name());
        Err(HubError::ModelTask { name: self.name, found, wanted })
    }
}

/// Checks that a model name is a single plain folder name.
///
/// # Errors
/// [`HubError::Name`] with the allowed characters.
pub(crate) fn check_name(name: &str) -> Result<(), HubError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let good = name.bytes().all(plain)
        && name.len() <= NAME_BYTES_MAX
        && !name.starts_with('.')
        && stays_inside(name);
    if good {
        return Ok(());
    }
    Err(HubError::Name {
        what: "model name",
        found: name.to_owned(),
        allowed: "letters, digits, dot, dash and underscore, not starting with a dot",
    })
}

/// Finds a model: a name in the models folder, or a path to a GGUF file or a folder.
///
/// # Errors
/// If nothing is found, or what is found is not a model.
pub(crate) fn resolve(models_dir: &Path, name_or_path: &str) -> Result<ModelFiles, HubError> {
    if check_name(name_or_path).is_ok() {
        let folder = models_dir.join(name_or_path);
        if folder.is_dir() {
            return inspect(&folder);
        }
    }
    let path = Path::new(name_or_path);
    if path.is_dir() {
        return inspect(path);
    }
    if path.is_file() {
        return inspect_file(path);
    }
    let present: Vec<String> = list(models_dir)?.into_iter().map(|model| model.name).collect();
    let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
    let (name, models_dir) = (name_or_path.to_owned(), models_dir.to_owned());
    Err(HubError::Unknown { name, models_dir, present })
}

/// Resolves what a request may name: a model under `models_dir`, or a path inside `folders`.
///
/// # Errors
/// If there is no such model. For a path outside the folders, the error is the same whether a file
/// lies there or not.
pub(crate) fn resolve_for_caller(
    models_dir: &Path,
    folders: &[PathBuf],
    name_or_path: &str,
) -> Result<ModelFiles, HubError> {
    if check_name(name_or_path).is_ok() {
        let path = models_dir.join(name_or_path);
        if path.is_dir() {
            return inspect(&path);
        }
    } else if !is_inside(Path::new(name_or_path), folders) {
        return Err(HubError::Outside { folders: folders.to_vec() });
    } else if Path::new(name_or_path).exists() {
        return resolve(models_dir, name_or_path);
    }
    let present: Vec<String> = list(models_dir)?.into_iter().map(|model| model.name).collect();
    let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
    let (name, models_dir) = (name_or_path.to_owned(), models_dir.to_owned());
    Err(HubError::Unknown { name, models_dir, present })
}

/// Whether a path lies in one of the folders, also once links are followed.
fn is_inside(path: &Path, folders: &[PathBuf]) -> bool {
    let is_plain = path.components().all(|part| !matches!(part, Component::ParentDir));
    let as_written = folders.iter().any(|folder| path.starts_with(folder));
    // A path that does not exist stays as written.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let is_real = folders.iter().any(|folder| {
        real.starts_with(folder)
            || folder.canonicalize().is_ok_and(|real_folder| real.starts_with(real_folder))
    });
    is_plain && as_written && is_real
}

/// Lists the models in the models folder by name; skips folders without a model. Empty if the
/// folder does not exist.
///
/// # Errors
/// If the folder exists but cannot be read.
pub(crate) fn list(models_dir: &Path) -> Result<Vec<ModelFiles>, HubError> {
    let entries = match std::fs::read_dir(models_dir) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(HubError::file(models_dir, cause)),
    };
    let mut models: Vec<ModelFiles> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| !name_of(path).starts_with('.'))
        .filter_map(|path| inspect(&path).ok())
        .collect();
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

/// Deletes a model's folder, or the symbolic link to it; returns what was deleted.
///
/// # Errors
/// If there is no such model in the models folder, or it cannot be deleted.
pub(crate) fn remove(models_dir: &Path, name: &str) -> Result<ModelFiles, HubError> {
    check_name(name)?;
    let folder = models_dir.join(name);
    if !folder.is_dir() {
        return resolve(models_dir, name).and_then(|model| {
            let (name, models_dir) = (model.name, models_dir.to_owned());
            Err(HubError::Unknown { name, models_dir, present: "none".to_owned() })
        });
    }
    let model = inspect(&folder)?;
    let is_link = std::fs::symlink_metadata(&folder).is_ok_and(|found| found.is_symlink());
    let removed =
        if is_link { std::fs::remove_file(&folder) } else { std::fs::remove_dir_all(&folder) };
    removed.map_err(|cause| HubError::file(&folder, cause))?;
    Ok(model)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn bytes_of(path: &Path) -> Result<u64, HubError> {
    Ok(std::fs::metadata(path).map_err(|cause| HubError::file(path, cause))?.len())
}

fn is_gguf(path: &Path) -> bool {
    path.is_file()
        && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

fn inspect_file(path: &Path) -> Result<ModelFiles, HubError> {
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    if is_gguf(path) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        return gguf_model(name, folder, &name_of(path));
    }
    inspect(&folder)
}

/// The model of a GGUF file, together with its other parts.
fn gguf_model(name: String, folder: PathBuf, file: &str) -> Result<ModelFiles, HubError> {
    let files = part_names(file);
    let bytes = bytes_of_all(&folder, &files)?;
    let load_path = folder.join(files.first().map_or(file, String::as_str));
    Ok(ModelFiles { name, task: ModelTask::Generate, folder, files, bytes, load_path })
}

/// The safetensors model in a folder; `None` if there is none.
fn safetensors_model(
    name: &str,
    folder: &Path,
    present: &[PathBuf],
) -> Result<Option<ModelFiles>, HubError> {
    if !DESCRIPTION.iter().all(|file| folder.join(file).is_file()) {
        return Ok(None);
    }
    let part = present.iter().map(|path| name_of(path)).find(|file| {
        file == WEIGHTS || (file.ends_with(".safetensors") && part_of(file).is_some())
    });
    let Some(part) = part else { return Ok(None) };
    let mut files = part_names(&part);
    let bytes = bytes_of_all(folder, &files)?;
    files.extend(DESCRIPTION.map(str::to_owned));
    let (name, folder) = (name.to_owned(), folder.to_owned());
    let (task, load_path) = (task_of(&folder)?, folder.clone());
    Ok(Some(ModelFiles { name, task, folder, files, bytes, load_path }))
}

/// Reads from `config.json` whether the model generates or embeds text, by its architecture.
fn task_of(folder: &Path) -> Result<ModelTask, HubError> {
    let path = folder.join("config.json");
    let refused = |reason| HubError::Format { path: path.clone(), format: "JSON", reason };
    if bytes_of(&path)? > CONFIG_BYTES_MAX {
        return Err(refused("it is larger than 1 MiB"));
    }
    let text = std::fs::read(&path).map_err(|cause| HubError::file(&path, cause))?;
    let config: serde_json::Value =
        serde_json::from_slice(&text).map_err(|_| refused("it cannot be parsed"))?;
    let heads = config["architectures"].as_array().into_iter().flatten();
    let writes = heads
        .filter_map(|head| head.as_str())
        .any(|head| head.ends_with("ForCausalLM") || head.ends_with("ForConditionalGeneration"));
    Ok(if writes { ModelTask::Generate } else { ModelTask::Embed })
}

fn bytes_of_all(folder: &Path, files: &[String]) -> Result<u64, HubError> {
    files.iter().try_fold(0_u64, |sum, file| Ok(sum.saturating_add(bytes_of(&folder.join(file))?)))
}

/// Names of all parts of the model that `file` belongs to, in order; only `file` if it is not a
/// part.
fn part_names(file: &str) -> Vec<String> {
    let Some(part) = part_of(file) else { return vec![file.to_owned()] };
    let (stem, extension) = part.stem.rsplit_once('.').unwrap_or((&part.stem, ""));
    (1..=part.count)
        .map(|number| format!("{stem}-{number:05}-of-{:05}.{extension}", part.count))
        .collect()
}

/// GGUF files in a folder and in its subfolders, relative to it and sorted.
fn gguf_files(folder: &Path, present: &[PathBuf]) -> Vec<String> {
    let below = present.iter().filter(|path| path.is_dir()).filter_map(|path| path.read_dir().ok());
    let below = below.flatten().flatten().map(|entry| entry.path());
    let files = present.iter().cloned().chain(below).filter(|path| is_gguf(path));
    let mut names: Vec<String> = files
        .filter_map(|path| Some(path.strip_prefix(folder).ok()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// Finds the model in a folder; helpers of a model, such as projectors, are none.
fn inspect(folder: &Path) -> Result<ModelFiles, HubError> {
    let refused = |found| HubError::Folder { path: folder.to_owned(), found };
    let entries = std::fs::read_dir(folder).map_err(|cause| HubError::file(folder, cause))?;
    let mut present: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    present.sort();
    // A path such as `.` has no last component; its canonical form has one.
    let name = match name_of(folder) {
        name if name.is_empty() => folder.canonicalize().map_or(name, |path| name_of(&path)),
        name => name,
    };
    let files = gguf_files(folder, &present);
    let models: BTreeSet<String> = files
        .iter()
        .filter(|file| !gguf_name::is_helper(file, &name))
        .filter_map(|file| part_names(file).into_iter().next())
        .collect();
    let folder = folder.to_owned();
    if models.len() > 1 {
        let named: Vec<&str> = models.iter().map(String::as_str).collect();
        let named = named.join(", ");
        return Err(refused(format!("several models, of which one is to be named: {named}")));
    }
    if let Some(file) = models.first() {
        return gguf_model(name, folder, file);
    }
    let found = match files.first() {
        Some(helper) => format!("no model beside `{helper}`, which is a part of one"),
        None => "no model".to_owned(),
    };
    safetensors_model(&name, &folder, &present)?.ok_or_else(|| refused(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> tempfile::TempDir {
        let models = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = models.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "12345").unwrap();
        };
        write("drafter/drafter.gguf");
        write("encoder/tokenizer.json");
        write("encoder/model.safetensors");
        let config = models.path().join("encoder/config.json");
        std::fs::write(config, r#"{"architectures": ["BertModel"]}"#).unwrap();
        write("half/config.json");
        write("two/a.gguf");
        write("two/b.gguf");
        write(".pulling/x/c.gguf");
        models
    }

    #[test]
    fn models_are_listed_by_name_and_kind() {
        let models = models();
        let found: Vec<(String, ModelTask, u64)> = list(models.path())
            .unwrap()
            .into_iter()
            .map(|model| (model.name, model.task, model.bytes))
            .collect();
        let expected = [
            ("drafter".to_owned(), ModelTask::Generate, 5),
            ("encoder".to_owned(), ModelTask::Embed, 5),
        ];
        assert_eq!(found, expected);
        assert!(list(&models.path().join("nowhere")).unwrap().is_empty());
    }

    #[test]
    fn parts_of_one_model_are_one_model() {
        let models = models();
        let folder = models.path().join("parts");
        std::fs::create_dir(&folder).unwrap();
        let names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
        names.iter().for_each(|name| std::fs::write(folder.join(name), "12345").unwrap());
        let model = resolve(models.path(), "parts").unwrap();
        assert_eq!((model.bytes, model.files.clone()), (10, names.map(str::to_owned).to_vec()));
        assert_eq!(model.load_path(), folder.join(names[0]));
        let second = resolve(models.path(), folder.join(names[1]).to_str().unwrap()).unwrap();
        assert_eq!(second.load_path(), model.load_path());
        std::fs::remove_file(folder.join(names[0])).unwrap();
        let missing = resolve(models.path(), "parts").unwrap_err().to_string();
        assert!(missing.contains(names[0]), "{missing}");
        for name in ["m-00003-of-00002.gguf", "m-1-of-2.gguf", "m.gguf", "-of-.gguf", ""] {
            assert_eq!(part_of(name), None, "{name}");
        }
    }

    #[test]
    fn helpers_beside_a_model_are_not_taken_for_it_and_several_models_are_listed() {
        let models = models();
        let folder = models.path().join("m");
        let add = |file: &str| {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "12345").unwrap();
        };
        let found = || resolve(models.path(), "m").map(|model| model.files);
        for helper in ["mmproj-F16.gguf", "MTP/m-mtp-Q8_0.gguf", "imatrix.gguf"] {
            add(helper);
        }
        let none = found().unwrap_err().to_string();
        assert!(none.contains("no model beside `MTP/m-mtp-Q8_0.gguf`"), "{none}");
        add("UD-Q4_K_XL/m-UD-Q4_K_XL-00001-of-00002.gguf");
        add("UD-Q4_K_XL/m-UD-Q4_K_XL-00002-of-00002.gguf");
        let files = found().unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(files[0], "UD-Q4_K_XL/m-UD-Q4_K_XL-00001-of-00002.gguf");
        add("m-Q8_0.gguf");
        let several = found().unwrap_err().to_string();
        assert!(
            several.contains("m-Q8_0.gguf") && several.contains("m-UD-Q4_K_XL-00001"),
            "{several}"
        );
        assert!(!several.contains("mmproj") && !several.contains("mtp"), "{several}");
        let named = resolve(models.path(), folder.join("m-Q8_0.gguf").to_str().unwrap()).unwrap();
        assert_eq!(named.files, ["m-Q8_0.gguf"]);
    }

    #[test]
    fn the_architecture_decides_what_a_safetensors_model_does() {
        let models = models();
        let folder = models.path().join("checkpoint");
        std::fs::create_dir(&folder).unwrap();
        let write = |file: &str, text: &str| std::fs::write(folder.join(file), text).unwrap();
        write("tokenizer.json", "{}");
        write("model-00001-of-00002.safetensors", "12345");
        write("model-00002-of-00002.safetensors", "1234");
        for (config, task) in [
            (r#"{"architectures": ["LlamaForCausalLM"]}"#, ModelTask::Generate),
            (r#"{"architectures": ["Gemma3ForConditionalGeneration"]}"#, ModelTask::Generate),
            (r#"{"architectures": ["XLMRobertaModel"]}"#, ModelTask::Embed),
            ("{}", ModelTask::Embed),
        ] {
            write("config.json", config);
            let model = resolve(models.path(), "checkpoint").unwrap();
            assert_eq!((model.task, model.bytes, model.files.len()), (task, 9, 4), "{config}");
            assert_eq!(model.load_path(), folder);
        }
        write("config.json", "{");
        let refusal = resolve(models.path(), "checkpoint").unwrap_err().to_string();
        assert!(refusal.contains("cannot be parsed"), "{refusal}");
    }

    #[test]
    fn names_and_paths_lead_to_the_same_model() {
        let models = models();
        let by_name = resolve(models.path(), "drafter").unwrap();
        let file = models.path().join("drafter/drafter.gguf");
        let by_file = resolve(Path::new("/nowhere"), file.to_str().unwrap()).unwrap();
        assert_eq!(by_name, by_file);
        assert_eq!(by_name.load_path(), file);
        let folder = models.path().join("encoder");
        let encoder = resolve(Path::new("/nowhere"), folder.to_str().unwrap()).unwrap();
        assert_eq!(encoder.load_path(), folder);
        let weights = folder.join("model.safetensors");
        assert_eq!(resolve(models.path(), weights.to_str().unwrap()).unwrap(), encoder);
    }

    #[test]
    fn errors_say_what_is_there_and_what_to_do() {
        let models = models();
        let refusal = |name: &str| resolve(models.path(), name).unwrap_err().to_string();
        let unknown = refusal("nothing");
        assert!(unknown.contains("drafter, encoder") && unknown.contains("models pull"));
        assert!(
            refusal("two")
                .contains("holds several models, of which one is to be named: a.gguf, b.gguf")
        );
        assert!(refusal("half").contains("no model"));
        let wrong =
            resolve(models.path(), "drafter").unwrap().require(ModelTask::Embed).unwrap_err();
        assert!(wrong.to_string().contains("can generate"));
    }

    #[test]
    fn removing_stays_inside_the_models_folder() {
        let models = models();
        for name in ["../x", "/etc", "", ".", "..", "a/b", ".pulling"] {
            assert!(remove(models.path(), name).is_err(), "{name}");
        }
        assert!(matches!(remove(models.path(), "nothing"), Err(HubError::Unknown { .. })));
        assert!(remove(models.path(), "half").is_err());
        remove(models.path(), "encoder").unwrap();
        assert_eq!(list(models.path()).unwrap().len(), 1);
        assert!(models.path().join("half").exists());
    }
}
