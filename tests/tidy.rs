//! Style checks on the source: which module may use which, how many files import each other in
//! circles, file and line length, and where serde and `unsafe` may appear.
//!
//! Uses the standard library only, so that it runs everywhere.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Modules of the crates that have layers inside: folder, module, level. A module may use itself
/// and strictly lower levels. Between crates Cargo enforces the order.
const LAYERS: &[(&str, &str, u8)] = &[
    ("crates/vitrine-engine/src", "model", 0),
    ("crates/vitrine-engine/src", "text", 0),
    ("crates/vitrine-engine/src", "engine", 1),
    ("src", "hub", 0),
    ("src", "offers", 0),
    ("src", "channels", 0),
    ("src", "turn", 1),
    ("src", "delivery", 2),
    ("src", "http", 3),
    ("src", "config", 4),
    ("src", "app", 5),
    ("src", "cli", 6),
];

/// Most files in import circles, per folder; 0 for folders that are not listed. The table only
/// shrinks: lower an entry when files leave a circle, never raise or add one.
const CIRCLE_FILES_MAX: &[(&str, usize)] =
    &[("src/app", 2), ("src/channels", 8), ("src/cli", 23), ("src/turn", 22)];

/// Most lines in a source file, its `#[cfg(test)]` part excluded.
const FILE_LINES_MAX: usize = 500;

/// Most columns in a line; lines with a link are exempt.
const LINE_COLUMNS_MAX: usize = 100;

/// Path prefixes where serde derives are allowed: wire bodies, stored records, model files,
/// configuration.
const SERDE_PATHS: &[&str] = &[
    "src/http/wire",
    "src/http/body/",
    "src/config/",
    "crates/vitrine-catalog/src/import",
    "src/cli/",
    "crates/vitrine-conversations/src/record.rs",
    "crates/vitrine-conversations/src/customer.rs",
    "crates/vitrine-conversations/src/job.rs",
    "crates/vitrine-dialogue/src/command.rs",
    "crates/vitrine-dialogue/src/locale/",
    "crates/vitrine-dialogue/src/policies.rs",
    "crates/vitrine-dialogue/src/reader/cues.rs",
    "crates/vitrine-dialogue/src/reader/forms.rs",
    "crates/vitrine-dialogue/src/reader/model/gate.rs",
    "crates/vitrine-dialogue/src/state.rs",
    "crates/vitrine-dialogue/src/words/numbers.rs",
    "crates/vitrine-dialogue/src/words/templates.rs",
    "crates/vitrine-engine/src/model/shape",
    "crates/vitrine-engine/src/model/encoder",
    "crates/vitrine-intent/src/head/",
    "crates/vitrine-judge/src/format.rs",
];

/// Path prefixes where `unsafe` is allowed.
const UNSAFE_PATHS: &[&str] =
    &["crates/vitrine-kernels/src/", "crates/vitrine-engine/src/model/weights.rs"];

/// Paths that are not part of the repository: build outputs, stored conversations, fetched models.
const NOT_OURS: &[&str] = &[
    ".git",
    "target",
    "data",
    "bench-threads",
    "models/all-MiniLM-L6-v2",
    "models/multilingual-e5-small",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Rust files under a folder, as pairs of path (relative to the root) and text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    rust_files(&root().join(folder), &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap_or_default();
            (name, text)
        })
        .collect()
}

/// Every source file of every crate.
fn crate_sources() -> Vec<(String, String)> {
    let mut found = sources("src");
    for (path, text) in sources("crates") {
        if path.split('/').nth(2) == Some("src") {
            found.push((path, text));
        }
    }
    found
}

fn level(folder: &str, module: &str) -> Option<u8> {
    LAYERS.iter().find(|(f, m, _)| (*f, *m) == (folder, module)).map(|(_, _, level)| *level)
}

/// The folder in [`LAYERS`] and the top-level module that a file belongs to:
/// `src/turn/record.rs` → (`src`, `turn`). `None` for crates without layers and for crate roots.
fn module_of(path: &str) -> Option<(&'static str, &str)> {
    let folder = LAYERS.iter().map(|(folder, _, _)| *folder).find(|f| path.starts_with(f))?;
    let module = path.strip_prefix(folder)?.strip_prefix('/')?.split('/').next()?;
    let module = module.strip_suffix(".rs").unwrap_or(module);
    (module != "lib" && module != "main").then_some((folder, module))
}

/// The names that follow `crate::` in a line.
fn crate_uses(line: &str) -> Vec<&str> {
    line.match_indices("crate::")
        .filter_map(|(at, prefix)| {
            let rest = &line[at + prefix.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (!rest[..end].is_empty()).then_some(&rest[..end])
        })
        .collect()
}

fn check(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_module_uses_only_lower_layers() {
    let mut problems = Vec::new();
    for (path, text) in crate_sources() {
        let Some((folder, module)) = module_of(&path) else { continue };
        let Some(own) = level(folder, module) else {
            problems.push(format!("{path}: module `{module}` is missing from the layer table"));
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if code.starts_with("//") {
                continue;
            }
            for used in crate_uses(code) {
                let allowed =
                    used == module || level(folder, used).is_some_and(|other| other < own);
                if !allowed {
                    let at = number + 1;
                    problems.push(format!("{path}:{at}: `{module}` may not use `{used}`"));
                }
            }
            if code.contains("super::super::") {
                problems.push(format!("{path}:{}: write the path from `crate::`", number + 1));
            }
        }
    }
    check(&problems);
}

#[test]
fn every_file_says_what_it_owns() {
    let mut problems = Vec::new();
    for (path, text) in
        crate_sources().into_iter().chain(sources("tests")).chain(sources("benches"))
    {
        if !text.starts_with("//! ") {
            problems.push(format!("{path}: must start with a `//!` header"));
        }
    }
    check(&problems);
}

#[test]
fn files_and_lines_stay_readable() {
    let mut problems = Vec::new();
    for (path, text) in crate_sources().into_iter().chain(sources("tests")) {
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        if !path.starts_with("tests") && lines > FILE_LINES_MAX {
            problems.push(format!("{path}: {lines} lines, limit is {FILE_LINES_MAX}"));
        }
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > LINE_COLUMNS_MAX && !line.contains("http") {
                let at = number + 1;
                problems.push(format!("{path}:{at}: {columns} columns, limit {LINE_COLUMNS_MAX}"));
            }
        }
    }
    check(&problems);
}

#[test]
fn no_leftover_marks_or_use_groups() {
    let marks = [concat!("FIX", "ME"), concat!("TO", "DO"), concat!("XX", "X")];
    let mut problems = Vec::new();
    for (path, text) in crate_sources().into_iter().chain(sources("tests")) {
        for (number, line) in text.lines().enumerate() {
            for mark in marks {
                if line.contains(mark) {
                    problems.push(format!("{path}:{}: leftover `{mark}`", number + 1));
                }
            }
            if line.trim_start().starts_with("use ") && line.contains("::{") {
                problems.push(format!("{path}:{}: one path per `use`", number + 1));
            }
        }
    }
    check(&problems);
}

/// Text files of the repository, as pairs of path (relative to the root) and text.
fn texts(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            texts(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push((name, text));
        }
    }
}

#[test]
fn no_file_names_what_is_not_in_the_repository() {
    // Spelt in parts, so that this file does not contain them.
    let outside =
        [concat!("../", "shared"), concat!("shared", "/data"), concat!("commerce", ".md")];
    let mut found = Vec::new();
    texts(&root(), &mut found);
    assert!(found.len() > 300, "only {} text files found", found.len());
    let mut problems = Vec::new();
    for (path, text) in found {
        for (number, line) in text.lines().enumerate() {
            for name in outside {
                if line.contains(name) {
                    problems.push(format!("{path}:{}: names `{name}`", number + 1));
                }
            }
        }
    }
    check(&problems);
}

#[test]
fn serde_stays_at_the_edges() {
    let mut problems = Vec::new();
    for (path, text) in crate_sources() {
        if SERDE_PATHS.iter().any(|place| path.starts_with(place)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let derives = line.contains("derive(") || line.trim_start().starts_with("Serialize");
            if derives && (line.contains("Serialize") || line.contains("Deserialize")) {
                problems.push(format!("{path}:{}: no serde derive allowed here", number + 1));
            }
        }
    }
    check(&problems);
}

#[test]
fn unsafe_stays_in_its_modules() {
    let mut problems = Vec::new();
    for (path, text) in crate_sources() {
        if UNSAFE_PATHS.iter().any(|place| path.starts_with(place)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("unsafe {") || code.contains("unsafe fn") {
                problems.push(format!("{path}:{}: no `unsafe` allowed here", number + 1));
            }
        }
    }
    check(&problems);
}

/// Path of a module in its crate: `["turn", "record"]`.
type ModulePath<'a> = Vec<&'a str>;

/// The crate's source folder that a file belongs to, and the path of its module there.
fn crate_module(path: &str) -> (&str, ModulePath<'_>) {
    let end = if path.starts_with("src/") { 3 } else { path.find("/src/").map_or(0, |at| at + 4) };
    let mut module: ModulePath<'_> = path[end + 1..].split('/').collect();
    let file = module.pop().unwrap_or_default();
    let name = file.strip_suffix(".rs").unwrap_or(file);
    if !["lib", "main", "mod"].contains(&name) {
        module.push(name);
    }
    (&path[..end], module)
}

/// Splits a file into its code lines outside `#[cfg(test)]` items, and the names of the modules
/// that it declares for tests only.
fn without_tests(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut code, mut test_modules) = (Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let depth = line.len() - line.trim_start().len();
        if !line[depth..].starts_with("#[cfg(test)]") && !line.contains("#[cfg(any(test") {
            let line = line[depth..].trim_end();
            // In a module written inside a file, `super` is that file.
            let own = depth > 0 && line.starts_with("use super::");
            code.extend(Some(line).filter(|line| !own && !line.starts_with("//")));
            continue;
        }
        // rustfmt ends an item in the column in which it begins.
        for item in lines.by_ref() {
            test_modules.extend(declared_module(item.trim_start()));
            let inside = item.len() - item.trim_start().len() > depth;
            if !inside && item.ends_with([';', '}', ',']) {
                break;
            }
        }
    }
    (code, test_modules)
}

/// The name in `pub(crate) mod name;`.
fn declared_module(line: &str) -> Option<&str> {
    let (visibility, name) = line.strip_suffix(';')?.split_once("mod ")?;
    (visibility.is_empty() || visibility.starts_with("pub")).then_some(name)
}

/// The names in paths such as `crate::turn::record`, one list a path.
fn paths_in(line: &str) -> impl Iterator<Item = Vec<&str>> {
    // The path of a visibility names no import: `pub(in crate::engine)`.
    let line = line
        .strip_prefix("pub(in ")
        .and_then(|rest| rest.split_once(") "))
        .map_or(line, |(_, item)| item);
    line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
        .map(|path| path.split("::").collect::<Vec<_>>())
        .filter(|names| names.len() > 1)
}

/// Files of the same folder that each file uses. A path that ends at a `mod.rs` or `lib.rs` uses
/// that file, and what this re-exports, it uses in turn.
fn file_uses(sources: &[(String, String)]) -> BTreeMap<&str, BTreeSet<&str>> {
    let split: Vec<_> = sources.iter().map(|(path, text)| (path, without_tests(text))).collect();
    let mut test_modules = BTreeSet::new();
    let mut files = BTreeMap::new();
    for (path, (_, tests)) in &split {
        let (root, module) = crate_module(path);
        files.insert((root, module.clone()), path.as_str());
        test_modules.extend(tests.iter().map(|name| (root, [&module[..], &[*name]].concat())));
    }
    files.retain(|(root, module), _| {
        (1..=module.len()).all(|end| !test_modules.contains(&(*root, module[..end].to_vec())))
    });
    let mut uses = BTreeMap::new();
    for (path, (code, _)) in &split {
        let (root, module) = crate_module(path);
        if files.get(&(root, module.clone())) != Some(&path.as_str()) {
            continue;
        }
        // What a path may begin with: a keyword, a module declared here, or an imported module.
        let parent = module[..module.len().saturating_sub(1)].to_vec();
        let mut begins =
            BTreeMap::from([("crate", Vec::new()), ("super", parent), ("self", module.clone())]);
        for name in code.iter().filter_map(|line| declared_module(line)) {
            begins.insert(name, [&module[..], &[name]].concat());
        }
        let used: &mut BTreeSet<&str> = uses.entry(path.as_str()).or_default();
        for names in code.iter().flat_map(|line| paths_in(line)) {
            let Some(begin) = begins.get(names[0]) else { continue };
            let named = [&begin[..], &names[1..]].concat();
            let found = (0..=named.len())
                .rev()
                .find_map(|end| files.get_key_value(&(root, named[..end].to_vec())));
            let Some(((_, used_module), file)) = found else { continue };
            if *used_module == named
                && let Some(name) = named.last()
            {
                begins.insert(name, named);
            }
            if file != path && folder_of(file) == folder_of(path) {
                used.insert(file);
            }
        }
    }
    uses
}

/// The folder whose circles are counted together: a module in [`LAYERS`], else a whole crate.
fn folder_of(path: &str) -> String {
    match module_of(path) {
        Some((folder, module)) => format!("{folder}/{module}"),
        None => crate_module(path).0.to_owned(),
    }
}

/// Whether a file uses itself through other files.
fn is_in_circle(file: &str, uses: &BTreeMap<&str, BTreeSet<&str>>) -> bool {
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![file]);
    while let Some(next) = waiting.pop() {
        for used in uses.get(next).into_iter().flatten() {
            if *used == file {
                return true;
            }
            if seen.insert(*used) {
                waiting.push(used);
            }
        }
    }
    false
}

#[test]
fn import_circles_only_shrink() {
    let sources = crate_sources();
    let uses = file_uses(&sources);
    let mut circles: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in uses.keys().filter(|file| is_in_circle(file, &uses)) {
        circles.entry(folder_of(file)).or_default().push(file);
    }
    let mut problems = Vec::new();
    for (folder, files) in circles {
        let row = CIRCLE_FILES_MAX.iter().find(|(name, _)| *name == folder);
        let files_max = row.map_or(0, |(_, files_max)| *files_max);
        if files.len() > files_max {
            let (count, files) = (files.len(), files.join(" "));
            problems
                .push(format!("{folder}: {count} files in circles, limit {files_max}: {files}"));
        }
    }
    check(&problems);
}

#[test]
fn every_test_of_a_reported_fault_exists() {
    let text = fs::read_to_string(root().join("tests/faults.toml")).expect("tests/faults.toml");
    let sources: String =
        ["src", "crates", "tests"].into_iter().flat_map(sources).map(|(_, text)| text).collect();
    let names = text.split('"').skip(1).step_by(2).filter(|quoted| quoted.contains("::"));
    let missing: Vec<&str> = names
        .filter(|name| {
            let function = name.rsplit("::").next().unwrap_or_default();
            !sources.contains(&format!("fn {function}("))
        })
        .collect();
    assert!(missing.is_empty(), "tests/faults.toml names tests that do not exist: {missing:#?}");
}
