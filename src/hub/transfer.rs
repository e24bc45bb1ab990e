//! HTTP requests of one pull: lists, downloads, retries, streams to disk.
//!
//! `hf-hub` builds URLs and adds the token. The streaming is our own, because the library's
//! download neither verifies checksums nor resumes within a chunk.
//!
//! Invariants
//! - Retries end: only new bytes reset the count.
//! - A response whose range starts elsewhere than at the end of the partial file is not appended.
//! - The token is sent to the configured endpoint only, never to a redirect target.

use crate::hub::error::HubError;
use crate::hub::listing::RemoteFile;
use crate::hub::listing::parse_listing;
use crate::hub::options::PullListener;
use crate::hub::options::PullOptions;
use crate::hub::options::PullProgress;
use futures::StreamExt;
use hf_hub::Cache;
use hf_hub::Repo;
use hf_hub::RepoType;
use hf_hub::api::tokio::ApiBuilder;
use hf_hub::api::tokio::ApiRepo;
use reqwest::Client;
use reqwest::Response;
use reqwest::StatusCode;
use reqwest::header::CONTENT_RANGE;
use reqwest::header::RANGE;
use reqwest::header::RETRY_AFTER;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use tokio::fs::File;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;

/// A repository at one revision.
pub(super) struct HubSession<'a> {
    client: Client,
    repository: ApiRepo,
    name: &'a str,
    options: &'a PullOptions,
}

/// Retry budget: counts attempts without progress.
struct RetryBudget {
    left: u32,
    wait: Duration,
    best: u64,
}

/// A file on disk that is still being downloaded.
struct PartialFile {
    out: File,
    /// Bytes present so far.
    bytes: u64,
}

impl<'a> HubSession<'a> {
    pub(super) fn open(
        name: &'a str,
        revision: &str,
        options: &'a PullOptions,
    ) -> Result<Self, HubError> {
        // The library reads a token from its cache folder. An empty path prevents it from using a
        // token that was not passed in.
        let api = ApiBuilder::from_cache(Cache::new(PathBuf::new()))
            .with_endpoint(options.endpoint.clone())
            .with_token(options.token.clone())
            .with_user_agent("vitrine", env!("CARGO_PKG_VERSION"))
            .build()
            .map_err(|cause| HubError::Client {
                endpoint: options.endpoint.clone(),
                cause: Box::new(cause),
            })?;
        let repo = Repo::with_revision(name.to_owned(), RepoType::Model, revision.to_owned());
        Ok(Self { client: api.client().clone(), repository: api.repo(repo), name, options })
    }

    /// Fetches the commit of the revision and its files.
    pub(super) async fn describe(
        &self,
        listener: PullListener<'_>,
    ) -> Result<(String, Vec<RemoteFile>), HubError> {
        let url = format!("{}/api/models/{}", self.options.endpoint, self.name);
        let mut tries = self.tries();
        loop {
            match self.describe_once(&url).await {
                Err(error) if error.is_transient() => {
                    self.wait(&mut tries, error, 0, listener).await?;
                }
                done => return done,
            }
        }
    }

    async fn describe_once(&self, url: &str) -> Result<(String, Vec<RemoteFile>), HubError> {
        let asked = self.repository.info_request().query(&[("blobs", "true")]);
        let answer = self.await_response(url, asked.send()).await?;
        let bad = || HubError::Listing { url: url.to_owned() };
        let value: serde_json::Value =
            self.with_timeout(url, answer.json()).await?.map_err(|_| bad())?;
        parse_listing(&value).ok_or_else(bad)
    }

    /// Downloads a file to `partial`, resuming after the bytes present, until it is complete.
    pub(super) async fn fetch(
        &self,
        file: &RemoteFile,
        partial: &Path,
        listener: PullListener<'_>,
    ) -> Result<(), HubError> {
        let mut tries = self.tries();
        loop {
            match self.fetch_once(file, partial, listener).await {
                Err(error) if error.is_transient() => {
                    self.wait(&mut tries, error, bytes_of(partial), listener).await?;
                }
                Ok(()) => {
                    listener(PullProgress::Finished);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn fetch_once(
        &self,
        file: &RemoteFile,
        partial: &Path,
        listener: PullListener<'_>,
    ) -> Result<(), HubError> {
        let refused = |cause| HubError::file(partial, cause);
        let mut present = bytes_of(partial);
        let url = self.repository.url(&file.name);
        if present > 0 && file.bytes == Some(present) {
            return Ok(());
        }
        let mut asked = self.client.get(&url);
        if present > 0 {
            asked = asked.header(RANGE, format!("bytes={present}-"));
        }
        let mut answer = self.await_response(&url, asked.send()).await?;
        if present > 0 && !continues_at(&answer, present) {
            // The server does not resume here, or the partial file is longer than the file: start
            // over. A response that begins elsewhere is discarded.
            if answer.status() != StatusCode::OK {
                answer = self.await_response(&url, self.client.get(&url).send()).await?;
            }
            present = 0;
        }
        let mut out = OpenOptions::new();
        let out = if present > 0 { out.append(true) } else { out.write(true).truncate(true) };
        let out = out.create(true).open(partial).await.map_err(refused)?;
        let (name, total_bytes) = (file.name.as_str(), file.bytes);
        listener(PullProgress::Started { file: name, done_bytes: present, total_bytes });
        let mut partial_file = PartialFile { out, bytes: present };
        let received = self.receive(answer, file, &mut partial_file, listener).await;
        // Also after a failure: the received bytes are kept for the next attempt.
        partial_file.out.flush().await.map_err(refused)?;
        partial_file.out.sync_all().await.map_err(refused)?;
        received
    }

    /// Appends the body of a response to the partial file.
    async fn receive(
        &self,
        answer: Response,
        file: &RemoteFile,
        partial: &mut PartialFile,
        listener: PullListener<'_>,
    ) -> Result<(), HubError> {
        let url = self.repository.url(&file.name);
        let name = &file.name;
        let bytes_max = file.bytes.unwrap_or(self.options.file_bytes_max.0);
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = self.with_timeout(&url, chunks.next()).await? {
            let chunk = chunk.map_err(|cause| HubError::Unreachable { url: url.clone(), cause })?;
            partial.bytes += chunk.len() as u64;
            let bytes = partial.bytes;
            if bytes > bytes_max {
                return Err(HubError::TooLarge { file: name.clone(), bytes, bytes_max });
            }
            let written = partial.out.write_all(&chunk).await;
            written.map_err(|cause| HubError::file(Path::new(name), cause))?;
            listener(PullProgress::Received { bytes: chunk.len() as u64 });
        }
        match file.bytes {
            Some(expected_bytes) if partial.bytes < expected_bytes => {
                Err(HubError::Short { url, bytes: partial.bytes, expected_bytes })
            }
            _ => Ok(()),
        }
    }

    /// Awaits a response and checks its status; fails after `stall`.
    async fn await_response(
        &self,
        url: &str,
        asked: impl Future<Output = reqwest::Result<Response>>,
    ) -> Result<Response, HubError> {
        let answer = self
            .with_timeout(url, asked)
            .await?
            .map_err(|cause| HubError::Unreachable { url: url.to_owned(), cause })?;
        let status = answer.status();
        if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Ok(answer);
        }
        // The Hub does not use the other form of this header, a date.
        let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after_seconds = seconds.and_then(|seconds| seconds.trim().parse().ok());
        Err(HubError::Status { url: url.to_owned(), status: status.as_u16(), retry_after_seconds })
    }

    async fn with_timeout<T>(
        &self,
        url: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, HubError> {
        tokio::time::timeout(self.options.stall, work).await.map_err(|_| HubError::Stalled {
            url: url.to_owned(),
            seconds: self.options.stall.as_secs(),
        })
    }

    fn tries(&self) -> RetryBudget {
        let options = self.options;
        RetryBudget { left: options.tries_max, wait: options.retry_wait, best: 0 }
    }

    /// Waits before the next attempt: as long as the Hub asks for, otherwise with exponential
    /// back-off. Returns `error` if no attempt is left or the Hub asks for more than
    /// `retry_wait_max`.
    async fn wait(
        &self,
        tries: &mut RetryBudget,
        error: HubError,
        bytes: u64,
        listener: PullListener<'_>,
    ) -> Result<(), HubError> {
        if bytes > tries.best {
            *tries = RetryBudget { best: bytes, ..self.tries() };
        }
        tries.left = tries.left.saturating_sub(1);
        let asked = match &error {
            HubError::Status { retry_after_seconds, .. } => *retry_after_seconds,
            _ => None,
        };
        let wait = asked.map_or(tries.wait, Duration::from_secs);
        if tries.left == 0 || wait > self.options.retry_wait_max {
            return Err(error);
        }
        listener(PullProgress::Waiting { wait, reason: &error });
        tokio::time::sleep(wait).await;
        tries.wait = (tries.wait * 2).min(self.options.retry_wait_max);
        Ok(())
    }
}

fn bytes_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// Whether a response continues the file at byte `present`.
fn continues_at(answer: &Response, present: u64) -> bool {
    let range = answer.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let first = range
        .and_then(|range| range.trim().strip_prefix("bytes ")?.split('-').next()?.parse().ok());
    // A 206 without a range header is accepted; size and checksum are verified at the end.
    answer.status() == StatusCode::PARTIAL_CONTENT
        && first.is_none_or(|first: u64| first == present)
}
