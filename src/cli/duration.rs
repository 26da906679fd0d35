//! Durations on the command line: `500ms`, `5s`, `2m`, `12h`, `14d`.

use std::time::Duration;

/// Reads a whole number with its unit. A number alone would leave open which unit is meant.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let form = || "a whole number and its unit, as in 5s or 14d".to_owned();
    let (number, unit) = text.split_at_checked(digits).ok_or_else(form)?;
    let number: u64 = number.parse().map_err(|_| form())?;
    let seconds = match unit {
        "ms" => return Ok(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(form()),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_its_unit() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("0s", 0),
            ("5s", 5_000),
            ("2m", 120_000),
            ("12h", 43_200_000),
            ("14d", 1_209_600_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1.5h",
            "5 s",
            "5S",
            "1w2d",
            "99999999999999999999d",
            "9999999999999999999d",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
