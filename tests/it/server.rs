//! Test harness: starts the real program on a free port and sends it requests.

use reqwest::Client;
use reqwest::StatusCode;
use serde_json::Value;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Lines;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStderr;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread::JoinHandle;
use tempfile::TempDir;

/// The project's root folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A command for the built program, with the example shop's configuration and a separate data
/// folder.
pub(crate) fn vitrine(data: &TempDir) -> Command {
    with_shop(Command::new(env!("CARGO_BIN_EXE_vitrine")), data)
}

fn with_shop(mut command: Command, data: &TempDir) -> Command {
    command
        .current_dir(root())
        .env("VITRINE_CONFIG", "examples/shop/vitrine.toml")
        .env("VITRINE_DATA__DIR", data.path())
        // Unoptimised code on a busy machine is slow, and these tests do not measure speed.
        .env("VITRINE_DRAFT__DEADLINE_MS", "60000");
    command
}

/// Shell script that runs the program and sends it SIGTERM when the pipe on its standard input
/// closes, which also happens if the test process is killed. Only the program holds the write end
/// of the log, so a reader of the log sees its end.
const SUPERVISOR_SCRIPT: &str = r#"
    exec 3<&0
    "$0" "$@" 3<&- & pid=$!
    { cat <&3; kill -TERM "$pid"; } > /dev/null 2>&1 & watcher=$!
    exec 3<&-
    wait "$pid"; code=$?
    kill "$watcher" 2> /dev/null
    exit "$code"
"#;

/// Unit of `ulimit -f`, in bytes. Source: POSIX, `ulimit`.
const FILE_BLOCK_BYTES: u64 = 512;

/// A running gateway; it is terminated when dropped, and when the test process ends.
#[derive(Debug)]
pub(crate) struct Gateway {
    supervisor: Child,
    pub(crate) url: String,
    pub(crate) data: TempDir,
    /// Thread that reads the log until the gateway ends.
    reader: Option<JoinHandle<()>>,
}

impl Gateway {
    /// Starts a gateway with extra environment variables and waits until it is ready.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary folder"), variables)
    }

    /// The same, with the log copied to a file.
    pub(crate) fn start_logged(variables: &[(&str, &str)], log: &Path) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        Self::begin(data, variables).until_ready_logged(Some(log.to_path_buf()))
    }

    /// The same, on an existing data folder.
    pub(crate) fn start_in(data: TempDir, variables: &[(&str, &str)]) -> Self {
        Self::begin(data, variables).until_ready()
    }

    /// Starts a gateway that cannot write any file beyond `file_bytes_max`, to simulate a full
    /// disk.
    pub(crate) fn start_limited(
        data: TempDir,
        file_bytes_max: u64,
        variables: &[(&str, &str)],
    ) -> Self {
        let blocks = file_bytes_max / FILE_BLOCK_BYTES;
        // A soft limit, which a test can lift; the gateway itself handles its signal.
        let supervisor = format!("ulimit -S -f {blocks}\n{SUPERVISOR_SCRIPT}");
        Self::begin_kept(data, variables, &supervisor).until_ready()
    }

    /// Starts a gateway and does not wait until it is ready.
    pub(crate) fn begin(data: TempDir, variables: &[(&str, &str)]) -> StartingGateway {
        Self::begin_kept(data, variables, SUPERVISOR_SCRIPT)
    }

    fn begin_kept(data: TempDir, variables: &[(&str, &str)], supervisor: &str) -> StartingGateway {
        let program = env!("CARGO_BIN_EXE_vitrine");
        let mut command = with_shop(Command::new("sh"), &data);
        command.args(["-c", supervisor, program, "serve", "--bind", "127.0.0.1:0"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.envs(variables.iter().copied());
        let mut supervisor = command.spawn().expect("the program starts");
        let stderr = supervisor.stderr.take().expect("stderr is piped");
        let lines = BufReader::new(stderr).lines();
        StartingGateway { supervisor, lines, log: Vec::new(), data }
    }

    /// Ends the limit of [`Self::start_limited`] while the gateway runs.
    pub(crate) fn lift_file_limit(&self) {
        let supervisor = self.supervisor.id().to_string();
        let children = Command::new("pgrep").args(["-P", &supervisor, "vitrine"]).output();
        let children = String::from_utf8(children.expect("pgrep runs").stdout).expect("text");
        let lift = ["--fsize=unlimited", "--pid", children.trim()];
        assert!(Command::new("prlimit").args(lift).status().expect("prlimit runs").success());
    }

    /// Sends the gateway SIGTERM and does not wait for its end.
    pub(crate) fn begin_stop(&mut self) {
        drop(self.supervisor.stdin.take());
    }

    /// Stops the gateway with SIGTERM and returns its exit code and data folder.
    pub(crate) fn terminate(mut self) -> (Option<i32>, TempDir) {
        let code = self.end();
        let data = std::mem::replace(&mut self.data, tempfile::tempdir().expect("a folder"));
        (code, data)
    }

    fn end(&mut self) -> Option<i32> {
        drop(self.supervisor.stdin.take());
        let status = self.supervisor.wait();
        if let Some(reader) = self.reader.take() {
            // If the reader panicked, its message was printed already.
            let _ = reader.join();
        }
        status.ok()?.code()
    }

    /// Posts JSON and returns status and JSON body; `null` if the body is not JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.post_text(path, body.to_string()).await
    }

    /// Posts a text as the body, valid JSON or not.
    pub(crate) async fn post_text(&self, path: &str, body: String) -> (StatusCode, Value) {
        let request = client().post(format!("{}{path}", self.url));
        let answer = request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .expect("the gateway answers");
        let status = answer.status();
        let bytes = answer.bytes().await.expect("the answer is whole");
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Gets a path and returns status and body text.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = client().get(format!("{}{path}", self.url)).send().await;
        let answer = answer.expect("the gateway answers");
        (answer.status(), answer.text().await.expect("the answer is text"))
    }
}

/// A gateway that may still be loading its models.
#[derive(Debug)]
pub(crate) struct StartingGateway {
    supervisor: Child,
    lines: Lines<BufReader<ChildStderr>>,
    log: Vec<String>,
    data: TempDir,
}

impl StartingGateway {
    /// Reads the log up to the line that contains `mark` and returns the word after it.
    ///
    /// # Panics
    /// If the gateway ends first, with its log.
    pub(crate) fn until(&mut self, mark: &str) -> String {
        loop {
            let Some(Ok(line)) = self.lines.next() else {
                panic!("the gateway ended before it logged `{mark}`:\n{}", self.log.join("\n"));
            };
            let found = line.split_once(mark).map(|(_, rest)| rest.to_owned());
            self.log.push(line);
            if let Some(rest) = found {
                return rest.split(' ').next().unwrap_or_default().to_owned();
            }
        }
    }

    /// All log lines so far.
    pub(crate) fn log(&self) -> &[String] {
        &self.log
    }

    /// Waits until the gateway is ready.
    pub(crate) fn until_ready(self) -> Gateway {
        self.until_ready_logged(None)
    }

    /// The same, with the log copied to the file `kept`, if any.
    pub(crate) fn until_ready_logged(mut self, kept: Option<PathBuf>) -> Gateway {
        let url = self.until("listening on ");
        let Self { supervisor, lines, log, data } = self;
        // Keep reading: a full pipe would block the gateway.
        let reader = std::thread::spawn(move || {
            let mut kept = kept.map(|path| std::fs::File::create(path).expect("a log file"));
            for line in log.into_iter().chain(lines.map_while(Result::ok)) {
                if let Some(kept) = &mut kept {
                    writeln!(kept, "{line}").expect("the log is written");
                }
            }
        });
        Gateway { supervisor, url, data, reader: Some(reader) }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The HTTP client of all tests, without a proxy. It pools no connections: each test has its own
/// runtime, and a pooled connection would die with the runtime that opened it.
pub(crate) fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let builder = Client::builder().no_proxy().pool_max_idle_per_host(0);
        builder.build().expect("a client")
    })
}

/// A gateway shared by the tests of one process; each test uses its own conversations.
pub(crate) fn shared() -> &'static Gateway {
    static SHARED: OnceLock<Gateway> = OnceLock::new();
    SHARED.get_or_init(|| Gateway::start(&[]))
}
