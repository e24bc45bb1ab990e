//! How many turns per second can be committed, and what does a million conversations cost?
//!
//! `cargo bench --bench conversations` measures turns committed per second, and their p50 and p99,
//! with 1, 64 and 1,024 concurrent conversations. Options after `--`:
//! - `--conversations 1000000`: another process stores this many conversations of six turns and is
//!   killed while it keeps writing. Prints the seconds taken, bytes on disk per conversation,
//!   resident memory, the time to open the file after the kill and after a clean close, and p50 and
//!   p99 of a cold read.
//! - `--fsync`: prints the time of a bare 4 KiB write and sync, the lower bound of every commit.
//! - `--recovery walk`: measures the other recovery mode; combines with the options above.
//!
//! Works in `./bench-conversations`, which it removes afterwards: a temporary folder may be in
//! memory and would not measure the disk.

use jiff::Timestamp;
use std::error::Error;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_base::clock::Clock;
use vitrine_base::clock::SystemClock;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TenantId;
use vitrine_base::ids::TurnId;
use vitrine_base::ids::time_ordered_id;
use vitrine_base::language::Language;
use vitrine_conversations::BodyHash;
use vitrine_conversations::CommitOutcome;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::EmbeddedOptions;
use vitrine_conversations::EmbeddedStore;
use vitrine_conversations::FactKind;
use vitrine_conversations::HotOptions;
use vitrine_conversations::KnownFact;
use vitrine_conversations::OfferedOption;
use vitrine_conversations::OpenCheck;
use vitrine_conversations::PendingQuestion;
use vitrine_conversations::Purpose;
use vitrine_conversations::Recovery;
use vitrine_conversations::SeenIntent;
use vitrine_conversations::TurnCommit;
use vitrine_conversations::TurnKind;
use vitrine_conversations::TurnRecord;

const FOLDER: &str = "bench-conversations";
const RECOVERY: &str = "--recovery";
/// Internal option: the process is the one that fills the store.
const FILL: &str = "--fill";
/// Line that the filling process prints when the store is full.
const FILLED: &str = "filled";
/// How long the filling process keeps writing after that before it is killed.
const UNTIL_KILLED: Duration = Duration::from_secs(2);
/// Duration of one run at one concurrency.
const RUN: Duration = Duration::from_secs(5);
const TURNS_PER_CONVERSATION: usize = 6;
/// Conversations that are filled at the same time.
const FILLERS: usize = 2048;
const COLD_READS: usize = 2000;
/// Customer messages; several, so that the turns of a conversation differ.
const CUSTOMER_TEXTS: [&str; 6] = [
    "Je cherche des chaussures de course pour un marathon, plutôt légères",
    "do you have them in blue, size 42 please",
    "C'est combien pour deux paires avec la livraison ?",
    "my last ones hurt at the heel after an hour or so",
    "D'accord, je prends le confort. Et des chaussettes ?",
    "thanks, when will it arrive if I order today",
];
/// Our replies to them.
const REPLIES: [&str; 6] = [
    "Avec plaisir ! Préférez-vous le confort ou la vitesse ?",
    "Yes, the Brook 4 is in stock in blue and 42. Shall I put it into your cart?",
    "Deux paires font 258,00 EUR, la livraison est offerte dès 60 EUR.",
    "I am sorry to hear that. A softer heel helps: shall I show you two that have one?",
    "Voici le modèle qu'il vous faut, et les chaussettes qui vont avec.",
    "Ordered before 4 pm it leaves today and is with you in two days.",
];

type BenchResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> BenchResult<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let recovery = match value(RECOVERY) {
        None | Some("quick") => Recovery::Quick,
        Some("walk") => Recovery::Walk,
        Some(other) => return Err(format!("{RECOVERY} is `{other}`; allowed: quick, walk").into()),
    };
    let options = options(&folder, recovery);
    if let Some(conversations) = value(FILL) {
        return runtime.block_on(fill(options, conversations.parse()?));
    }
    empty_folder(&folder)?;
    let done = if arguments.iter().any(|argument| argument == "--fsync") {
        fsync(&folder)
    } else if let Some(conversations) = value("--conversations") {
        fill_and_kill(&arguments[0], conversations, value(RECOVERY))?;
        runtime.block_on(open_again(options, conversations.parse()?))
    } else {
        runtime.block_on(async {
            for concurrent in [1, 64, 1024] {
                empty_folder(&folder)?;
                record_turns(options.clone(), concurrent).await?;
            }
            Ok(())
        })
    };
    std::fs::remove_dir_all(&folder)?;
    done
}

fn print_line(text: &str) -> BenchResult<()> {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

fn options(folder: &Path, recovery: Recovery) -> EmbeddedOptions {
    EmbeddedOptions {
        path: folder.join("threads.redb"),
        cache_bytes: 64 << 20,
        queue_writes_max: 4096,
        group_writes_max: 1024,
        conversation_bytes_max: 64 << 10,
        turn_bytes_max: 256 << 10,
        // The gateway's default limits.
        hot: HotOptions { conversations_max: 100_000, bytes_max: 64 << 20 },
        open_check: OpenCheck::AfterCrash,
        recovery,
    }
}

/// Creates the folder, or empties it.
fn empty_folder(folder: &Path) -> BenchResult<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(std::fs::create_dir_all(folder)?)
}

fn key(conversation: usize) -> BenchResult<ConversationKey> {
    let conversation = ConversationId::new(format!("t-{conversation}"))?;
    Ok(ConversationKey { tenant: TenantId::new("shop")?, conversation })
}

fn turn(conversation: usize, number: usize, now: Timestamp) -> BenchResult<TurnRecord> {
    let text = CUSTOMER_TEXTS[(conversation + number) % CUSTOMER_TEXTS.len()];
    let turn_id = time_ordered_id(now).to_string();
    Ok(TurnRecord {
        turn_id: TurnId::new(turn_id.clone())?,
        kind: TurnKind::Customer,
        message_id: Some(MessageId::new(format!("wamid.{conversation}.{number}"))?),
        body_hash: BodyHash::of(format!("{text}{turn_id}").as_bytes()),
        channel: ChannelKind::Whatsapp,
        user_text: text.to_owned(),
        option_id: None,
        reply_text: REPLIES[(conversation + number) % REPLIES.len()].to_owned(),
        action: "ask".to_owned(),
        attachments: Vec::new(),
        sent_at: now,
        sent_on: None,
        received_at: now,
        answered_at: now,
        sequence: 0,
        answer: answer(conversation, number, &turn_id).into_bytes().into(),
    })
}

/// An answer as `/respond` returns it on WhatsApp: about 1,400 bytes.
fn answer(conversation: usize, number: usize, turn_id: &str) -> String {
    let reply = REPLIES[(conversation + number) % REPLIES.len()];
    // Numbers that differ from turn to turn, as measured ones do; equal ones would compress better.
    let figure = |of: usize| (conversation * 7919 + number * 104_729 + of * 1_299_709) % 997;
    let options = [("feel=comfort", "Confort"), ("feel=speed", "Vitesse")];
    let titles = options.map(|(id, title)| format!(r#"{{"id":"{id}","title":"{title}"}}"#));
    let buttons = options.map(|(id, title)| {
        format!(r#"{{"type":"reply","reply":{{"id":"{id}","title":"{title}"}}}}"#)
    });
    format!(
        r#"{{"turn_id":"{turn_id}","thread_id":"t-{conversation}","epoch":1,"supersedes":[],"language":"fr","intent":{{"label":"product_search","confidence":0.{},"abstained":false,"alternatives":[{{"label":"product_question","confidence":0.0{}}},{{"label":"size_question","confidence":0.0{}}}],"signals":{{"sentiment":0.{},"urgency":0.{},"sarcasm":0.0{}}}}},"action":{{"kind":"ask","facet":"feel"}},"reply":{{"text":"{reply}","source":"model","options":[{}],"grounding":[],"payload":{{"messaging_product":"whatsapp","recipient_type":"individual","type":"interactive","interactive":{{"type":"button","body":{{"text":"{reply}"}},"action":{{"buttons":[{}]}}}}}}}},"suggestion":null,"facts":[{{"key":"goal","value":"marathon","kind":"stated","source":"wamid.{conversation}.{number}"}}],"handoff":null,"window":{{"state":"open","closes_at":"2026-11-25T17:46:{:02}.{}Z"}},"disclosure":false,"timings_ms":{{"queue":0.{},"understand":{}.{},"draft":{}.{},"suggest":0.{},"record":0.{},"total":{}.{}}},"usage":{{"prompt_tokens":{},"cached_tokens":{},"output_tokens":{}}}}}"#,
        figure(1),
        figure(2),
        figure(3),
        figure(4),
        figure(5),
        figure(6),
        titles.join(","),
        buttons.join(","),
        figure(7) % 60,
        figure(8),
        figure(9),
        figure(10) % 9,
        figure(11),
        figure(12),
        figure(13),
        figure(14),
        figure(15),
        figure(16),
        figure(17),
        figure(18),
        figure(19),
        figure(20) % 60,
    )
}

/// Updates the conversation as a real turn does: a fact, a pending question and an intent.
fn remember(record: &mut ConversationRecord, turn: &TurnRecord, now: Timestamp) -> BenchResult<()> {
    let fact = KnownFact {
        value: "marathon".to_owned(),
        kind: FactKind::Stated,
        source: turn.message_id.clone(),
        verbatim: Some(turn.user_text.clone()),
        purpose: Purpose::Assistance,
        confidence: 1.0,
        learnt_at: now,
    };
    record.facts.insert(["goal", "feel", "size"][record.intents.len() % 3].to_owned(), fact);
    let option =
        |id: &str, title: &str| OfferedOption { id: id.to_owned(), title: title.to_owned() };
    record.pending = Some(PendingQuestion {
        facet: "feel".to_owned(),
        options: vec![option("feel=comfort", "Confort"), option("feel=speed", "Vitesse")],
        product: Some(Sku::new("BROOK-04")?),
        size_candidates: Vec::new(),
        asked_at: now,
    });
    let label = "product_search".to_owned();
    record.intents.push(SeenIntent { label, confidence: 0.94, seen_at: now });
    record.intents.truncate(TURNS_PER_CONVERSATION);
    record.channel_last = Some(turn.channel);
    record.updated_at = now;
    record.last_customer_message_at = Some(now);
    Ok(())
}

/// Commits the next turn of a conversation and returns the conversation after it.
async fn record(
    store: &EmbeddedStore,
    conversation: usize,
    number: usize,
    current: Option<Arc<ConversationRecord>>,
) -> BenchResult<Arc<ConversationRecord>> {
    let key = key(conversation)?;
    let now = SystemClock.now();
    let mut record = current.map_or_else(
        || ConversationRecord::open(key.conversation.clone(), Language::FR, now),
        |record| (*record).clone(),
    );
    let turn = turn(conversation, number, now)?;
    remember(&mut record, &turn, now)?;
    let commit = TurnCommit { key, conversation: record, turn: Some(turn), jobs: Vec::new() };
    match store.commit(commit).await? {
        CommitOutcome::Recorded(record) => Ok(record),
        other => Err(format!("a turn was not recorded: {other:?}").into()),
    }
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

async fn record_turns(options: EmbeddedOptions, concurrent: usize) -> BenchResult<()> {
    let recovery = options.recovery;
    let store = Arc::new(EmbeddedStore::open(options)?);
    let start = SystemClock.instant();
    let mut tasks = tokio::task::JoinSet::new();
    for conversation in 0..concurrent {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut waits = Vec::new();
            let mut current = None;
            while SystemClock.instant() - start < RUN {
                let sent = SystemClock.instant();
                current = Some(record(&store, conversation, waits.len(), current).await?);
                waits.push(SystemClock.instant() - sent);
            }
            BenchResult::Ok(waits)
        });
    }
    let mut waits = Vec::new();
    for task in tasks.join_all().await {
        waits.extend(task?);
    }
    let seconds = (SystemClock.instant() - start).as_secs_f64();
    waits.sort_unstable();
    let statistics = store.statistics().await?;
    #[expect(clippy::cast_precision_loss, reason = "printed figures")]
    let (rate, group) = (
        waits.len() as f64 / seconds,
        statistics.writes_done as f64 / statistics.groups_written.max(1) as f64,
    );
    print_line(&format!(
        "record_turns_concurrent{concurrent}_{recovery:?}: {rate:.0} turns/s, p50 {:?}, p99 {:?}, \
         {group:.1} turns per sync, {} syncs",
        at(&waits, 50),
        at(&waits, 99),
        statistics.groups_written,
    ))
}

/// Lets another process fill the store, and kills it while it keeps writing.
fn fill_and_kill(program: &str, conversations: &str, recovery: Option<&str>) -> BenchResult<()> {
    let mut filler = Command::new(program)
        .args([FILL, conversations])
        .args(recovery.map(|recovery| [RECOVERY, recovery]).into_iter().flatten())
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(filler.stdout.take().ok_or("the filler has no output")?).lines();
    let mut filled = false;
    for line in lines {
        let line = line?;
        if line == FILLED {
            filled = true;
            std::thread::sleep(UNTIL_KILLED);
            filler.kill()?;
        } else {
            print_line(&line)?;
        }
    }
    filler.wait()?;
    if filled { Ok(()) } else { Err("the filling process ended before it was killed".into()) }
}

/// Stores this many conversations, prints the figures, and continues with more until it is killed.
async fn fill(options: EmbeddedOptions, conversations: usize) -> BenchResult<()> {
    let recovery = options.recovery;
    let store = Arc::new(EmbeddedStore::open(options)?);
    let start = SystemClock.instant();
    record_all(&store, 0..conversations).await?;
    let filled = SystemClock.instant() - start;
    let statistics = store.statistics().await?;
    #[expect(clippy::cast_precision_loss, reason = "printed figures")]
    let rate = (conversations * TURNS_PER_CONVERSATION) as f64 / filled.as_secs_f64();
    print_line(&format!(
        "open_conversations{conversations}_turns{TURNS_PER_CONVERSATION}_{recovery:?}: filled in {filled:.1?} \
         ({rate:.0} turns/s), {} bytes a conversation, resident {} MiB, {} cached conversations in {} bytes",
        statistics.file_bytes / conversations as u64,
        resident_mebibytes(),
        statistics.hot_conversations,
        statistics.hot_bytes,
    ))?;
    print_line(FILLED)?;
    record_all(&store, conversations..usize::MAX).await
}

/// Commits all turns of these conversations, [`FILLERS`] conversations at a time.
async fn record_all(store: &Arc<EmbeddedStore>, conversations: Range<usize>) -> BenchResult<()> {
    let mut tasks = tokio::task::JoinSet::new();
    for filler in 0..FILLERS {
        let (store, conversations) = (Arc::clone(store), conversations.clone());
        tasks.spawn(async move {
            for conversation in conversations.skip(filler).step_by(FILLERS) {
                let mut current = None;
                for number in 0..TURNS_PER_CONVERSATION {
                    current = Some(record(&store, conversation, number, current).await?);
                }
            }
            BenchResult::Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

async fn open_again(options: EmbeddedOptions, conversations: usize) -> BenchResult<()> {
    let open = || {
        let start = SystemClock.instant();
        let store = EmbeddedStore::open(options.clone())?;
        BenchResult::Ok((store, SystemClock.instant() - start))
    };
    let (store, after_kill) = open()?;
    drop(store);
    let (store, after_close) = open()?;
    let mut reads = Vec::with_capacity(COLD_READS);
    for number in 0..COLD_READS {
        // A large prime step spreads the reads over the whole store.
        let key = key(number * 7919 % conversations)?;
        let sent = SystemClock.instant();
        let found = store.load(&key).await?;
        reads.push(SystemClock.instant() - sent);
        if found.is_none_or(|record| record.turns_recorded != TURNS_PER_CONVERSATION as u64) {
            return Err("a conversation is incomplete".into());
        }
    }
    reads.sort_unstable();
    print_line(&format!(
        "open_conversations{conversations}: opened in {after_kill:.1?} after a kill and in {after_close:.1?} \
         after a clean close, resident {} MiB, cold read p50 {:?}, p99 {:?}",
        resident_mebibytes(),
        at(&reads, 50),
        at(&reads, 99),
    ))
}

/// Resident memory of this process in MiB, on Linux; 0 elsewhere.
fn resident_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) / 1024
}

fn fsync(folder: &Path) -> BenchResult<()> {
    let mut file = std::fs::File::create(folder.join("probe"))?;
    let mut waits = Vec::new();
    for _ in 0..500 {
        let sent = SystemClock.instant();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        waits.push(SystemClock.instant() - sent);
    }
    waits.sort_unstable();
    print_line(&format!("fsync_4096: p50 {:?}, p99 {:?}", at(&waits, 50), at(&waits, 99)))
}
