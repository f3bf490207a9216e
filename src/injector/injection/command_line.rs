//! The command line of a sidecar, out of settings; and what is wrong with it, as
//! people who write settings read it.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::given::Given;
use super::names::{FILES_ROOT, PREFIX, STATE_ROOT};
use super::reference::Store;
use super::setting::{self, Form, Setting};
use super::values::{items, named_reference, pair};

/// What the flags come from.
pub(super) struct CommandLine<'a> {
    pub(super) given: &'a Given,
    /// Of the sidecar itself, and of its admin port.
    pub(super) addresses: (SocketAddr, SocketAddr),
    /// Where no setting has it as a URL.
    pub(super) upstream: Option<String>,
    /// Whether there is a volume for the ledger.
    pub(super) has_state: bool,
}

impl CommandLine<'_> {
    /// The subcommand and its flags.
    pub(super) fn in_pod(&self) -> Vec<String> {
        self.args(&Roots { files: FILES_ROOT, state: STATE_ROOT })
    }

    /// What the sidecar's own reading of its flags finds, with the keys of
    /// settings. Files are taken to be right.
    pub(super) fn problems(&self) -> Vec<String> {
        let args = self.args(&Roots { files: UNSEEN, state: UNSEEN });
        let problems = self.given.kind().problems_of(&args[1..], UNSEEN);
        let files = self.files();
        let said = |problem: &String| as_written(&self.in_settings(problem), &files);
        problems.iter().map(said).collect()
    }

    /// `problem` as people who write annotations read it: flags become settings.
    fn in_settings(&self, problem: &str) -> String {
        let key_of = |flag: &str| {
            let of = |setting: &&Setting| match &setting.form {
                Form::Flag { .. } => setting.key == flag,
                Form::File { flag: of, .. } => of == flag,
                Form::Pair { certificate, private_key } => flag == *certificate || flag == *private_key,
                Form::Files | Form::OfPod => false,
            };
            match flag {
                "upstream" if !self.given.is_said(flag) => Some(setting::UPSTREAM_PORT),
                "state-dir" => Some(setting::STATE_VOLUME),
                _ => setting::all_of(self.given.kind()).iter().find(of).map(|setting| setting.key.as_str()),
            }
        };
        let mut said = String::with_capacity(problem.len());
        let mut rest = problem;
        while let Some((before, after)) = rest.split_once("--") {
            let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let (flag, after) = after.split_at(after.find(|c| !is_part(c)).unwrap_or(after.len()));
            said.push_str(before);
            // Names of objects may have two hyphens in them.
            let is_flag = said.chars().next_back().is_none_or(|c| c.is_whitespace() || c == '`');
            let (prefix, key) = key_of(flag).filter(|_| is_flag).map_or(("--", flag), |key| (PREFIX, key));
            said.extend([prefix, key]);
            rest = after;
        }
        NOT_FOR_PODS.iter().fold(said + rest, |said, words| said.replace(words, ""))
    }

    /// The path of each file below its root, and the words of whoever named it.
    fn files(&self) -> HashMap<String, &str> {
        let mut files = HashMap::new();
        for Setting { key, form, .. } in setting::all_of(self.given.kind()) {
            let Some(value) = self.given.value(key) else { continue };
            match *form {
                Form::File { is_list, store, entry, .. } => {
                    files.extend(items(value, is_list).enumerate().map(|(number, item)| {
                        let (_, path) = named_path(item, store, entry, (key, number));
                        (path, item.rsplit('=').next().unwrap_or(item))
                    }));
                }
                Form::Pair { .. } => {
                    files.extend(pair(value).into_iter().flatten().map(|file| (file.path(), value)));
                }
                Form::Flag { .. } | Form::Files | Form::OfPod => {}
            }
        }
        files
    }

    /// The arguments, with files below `roots`.
    fn args(&self, roots: &Roots) -> Vec<String> {
        let Self { addresses: (listen, admin), upstream, has_state, .. } = self;
        let mut args = vec![
            self.given.kind().name().to_owned(),
            format!("--listen={listen}"),
            format!("--admin-listen={admin}"),
        ];
        args.extend(upstream.iter().map(|upstream| format!("--upstream={upstream}")));
        args.extend(has_state.then(|| format!("--state-dir={}", roots.state)));
        for Setting { key, form, .. } in setting::all_of(self.given.kind()) {
            let Some(value) = self.given.value(key) else { continue };
            match *form {
                Form::Flag { is_list } => {
                    args.extend(items(value, is_list).map(|item| format!("--{key}={item}")));
                }
                Form::File { ref flag, is_list, store, entry } => {
                    args.extend(items(value, is_list).enumerate().map(|(number, item)| {
                        let (name, path) = named_path(item, store, entry, (key, number));
                        let name = name.map(|name| format!("{name}=")).unwrap_or_default();
                        format!("--{flag}={name}{}/{path}", roots.files)
                    }));
                }
                Form::Pair { certificate, private_key } => {
                    let paths = pair(value)
                        .map_or_else(|_| Default::default(), |files| files.map(|file| file.path()));
                    let flags = [certificate, private_key].into_iter().zip(paths);
                    args.extend(flags.map(|(flag, path)| format!("--{flag}={}/{path}", roots.files)));
                }
                Form::Files | Form::OfPod => {}
            }
        }
        args
    }
}

/// `problem` with the words of whoever named each of the `files`, in place of
/// its path.
fn as_written(problem: &str, files: &HashMap<String, &str>) -> String {
    let mut said = String::with_capacity(problem.len());
    let mut rest = problem;
    while let Some((before, after)) = rest.split_once(UNSEEN) {
        // A value stands between quotes.
        let (path, after) = after.split_at(after.find('"').unwrap_or(after.len()));
        said.push_str(before);
        match path.strip_prefix('/').and_then(|path| files.get(path)) {
            Some(written) => said.extend(written.escape_debug()),
            None => said.push_str(path),
        }
        rest = after;
    }
    said + rest
}

/// What stands before the path of a file, and the path below its root. A wrong
/// reference is known to be wrong, and neither missing nor the same as another:
/// its path is the place where it stands.
fn named_path<'a>(
    item: &'a str,
    store: Store,
    entry: &str,
    (key, number): (&str, usize),
) -> (Option<&'a str>, String) {
    named_reference(item, store, entry)
        .map_or_else(|_| (None, format!("{key}/{number}")), |(name, file)| (name, file.path()))
}

/// The value of `--flag` among `args`, in either of the two forms that it may
/// have there.
pub(crate) fn flag_value<'a>(args: impl IntoIterator<Item = &'a str>, flag: &str) -> Option<&'a str> {
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.strip_prefix("--").and_then(|arg| arg.strip_prefix(flag)) {
            Some("") => return args.next(),
            Some(rest) if rest.starts_with('=') => return Some(&rest[1..]),
            _ => {}
        }
    }
    None
}

/// What paths of the sidecar begin with.
struct Roots {
    files: &'static str,
    state: &'static str,
}

/// Below a device nothing can be, so that no file of this process is read in
/// place of one of the pod's.
const UNSEEN: &str = "/dev/null/unseen";

/// What people with a command line may do as well.
const NOT_FOR_PODS: [&str; 5] = [
    ", and so is --secret-env",
    ", and so is --auth-secret-env",
    ", and so is --handshake-token-env",
    ", then --secret-env",
    " and --secret-env",
];
