//! The order of a conversation's turns: by the senders' clocks, as far as these can be trusted.
//!
//! Turns are stored in order of arrival. A provider that delivers late sends an older message after
//! a newer one; its time of sending tells. Clocks are compared only between messages that arrived
//! close to each other, and only where both carry the sender's time.

use crate::record::TurnKind;
use crate::record::TurnRecord;
use jiff::SignedDuration;

/// How much later than a newer message an older one may arrive and still come before it. Providers
/// retry a delivery for hours; beyond a day, a difference says more about clocks than about order.
pub const LATE_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Orders turns by time of sending within [`LATE_MAX`], otherwise by arrival. Turns must be given
/// in order of arrival. Turns of humans and markers keep their place, and no message passes them.
#[must_use]
pub fn in_order_of_sending(turns: Vec<TurnRecord>) -> Vec<TurnRecord> {
    let mut ordered: Vec<TurnRecord> = Vec::with_capacity(turns.len());
    for turn in turns {
        let later = ordered.iter().rev().take_while(|earlier| passes(&turn, earlier)).count();
        ordered.insert(ordered.len() - later, turn);
    }
    ordered
}

/// Whether `turn`, which arrived later, was sent before `earlier`.
fn passes(turn: &TurnRecord, earlier: &TurnRecord) -> bool {
    let timed = |turn: &TurnRecord| turn.kind == TurnKind::Customer && turn.sent_on.is_some();
    let late = turn.received_at.duration_since(earlier.received_at);
    timed(turn) && timed(earlier) && turn.sent_at < earlier.sent_at && late <= LATE_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    /// A message with the seconds at which it was sent and received.
    fn turn(name: &str, sent: i64, received: i64) -> TurnRecord {
        let mut turn = samples::turn(name, "hello");
        turn.sent_at = samples::at(sent);
        turn.sent_on = Some("2026-09-21".parse().unwrap());
        turn.received_at = samples::at(received);
        turn
    }

    fn names(turns: Vec<TurnRecord>) -> Vec<String> {
        let ordered = in_order_of_sending(turns).into_iter();
        ordered.map(|turn| turn.message_id.unwrap().to_string()).collect()
    }

    #[test]
    fn a_message_that_arrives_late_comes_where_it_was_sent() {
        let turns = vec![turn("a", 0, 0), turn("c", 20, 21), turn("b", 10, 30), turn("d", 40, 41)];
        assert_eq!(names(turns), ["a", "b", "c", "d"]);
    }

    #[test]
    fn equal_times_keep_the_order_of_arrival() {
        assert_eq!(names(vec![turn("b", 5, 1), turn("a", 5, 2)]), ["b", "a"]);
    }

    #[test]
    fn a_clock_that_is_days_behind_does_not_reorder() {
        let late = LATE_MAX.as_secs();
        assert_eq!(names(vec![turn("a", 9, 9), turn("b", 0, late + 10)]), ["a", "b"]);
        assert_eq!(names(vec![turn("a", 9, 9), turn("b", 0, late + 9)]), ["b", "a"]);
    }

    #[test]
    fn no_message_passes_a_human_or_one_without_a_senders_time() {
        let mut human = turn("h", 15, 15);
        human.kind = TurnKind::Human;
        let mut untimed = turn("u", 16, 16);
        untimed.sent_on = None;
        for between in [human, untimed] {
            let name = between.message_id.clone().unwrap().to_string();
            let ordered = names(vec![turn("a", 10, 10), between, turn("b", 5, 20)]);
            assert_eq!(ordered, ["a", name.as_str(), "b"]);
        }
    }
}
