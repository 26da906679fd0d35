//! Points in time, as the lockfile writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A second of UTC, from 1970 to the end of 9999.
// INVARIANT: at most `LAST`, so that the year has four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

/// A text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time of the form `2026-11-22T20:54:48Z`")]
pub struct TimestampError(String);

/// `9999-12-31T23:59:59Z`.
const LAST: u64 = 253_402_300_799;
const DAY: u64 = 86_400;
/// Days from the first of March of the year 0, where the leap day ends a year, to the first of January 1970.
const EPOCH: u64 = 719_468;
/// Days in 400 years, after which the calendar repeats.
const ERA: u64 = 146_097;

impl Timestamp {
    /// The time that many seconds after the start of 1970; what lies behind 9999 becomes its last second.
    pub fn from_unix(seconds: u64) -> Self {
        Self(seconds.min(LAST))
    }

    /// The seconds since the start of 1970.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// The time so much earlier, but not before 1970.
    pub fn earlier(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by.as_secs()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0 / DAY);
        let second = self.0 % DAY;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Parses the one form that is written: RFC 3339 in UTC, whole seconds, capital `T` and `Z`.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let read = || {
            let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
            let [year, month, day] = fields(date, '-')?;
            let [hour, minute, second] = fields(time, ':')?;
            if year < 1970 || !(1..=12).contains(&month) || day == 0 || hour > 23 {
                return None;
            }
            Some(Self(days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second))
        };
        // A day, minute or second that does not exist would come back as another one.
        read().filter(|time| time.to_string() == text).ok_or_else(|| TimestampError(text.to_owned()))
    }
}

fn fields(text: &str, separator: char) -> Option<[u64; 3]> {
    let number = |part: &str| (part.len() <= 4).then(|| part.parse().ok()).flatten();
    let numbers: Vec<u64> = text.split(separator).map(number).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Year, month and day of a day counted from the start of 1970. The year is taken to begin in March, so that months
/// have a regular length and the leap day comes last.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + EPOCH;
    let (era, day_of_era) = (shifted / ERA, shifted % ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA - 1)) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let (month, carry) = if from_march < 10 { (from_march + 3, 0) } else { (from_march - 9, 1) };
    (era * 400 + year_of_era + carry, month, day)
}

/// The day counted from the start of 1970; the mirror of `civil_from_days`.
fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let (year, from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    era * ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_seconds_have_their_known_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_000_000_000, "2001-09-09T01:46:40Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp::from_unix(seconds).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp::from_unix(seconds)));
        }
    }

    #[test]
    fn a_time_that_does_not_exist_is_refused() {
        for text in [
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00+01:00",
            "2026-01-01t00:00:00z",
            "2026-1-1T0:0:0Z",
            "1969-12-31T23:59:59Z",
            "10000-01-01T00:00:00Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01",
            "",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_second_comes_back_from_its_text(seconds in 0..=LAST) {
            let time = Timestamp::from_unix(seconds);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }
    }
}
