//! A login, and the refresh tokens that prolong it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Logins of a user that can be prolonged. One more ends the oldest.
pub const SESSIONS_MAX: usize = 20;
/// Ended sessions of a user whose tokens are told apart. One more ends them all.
pub const ENDED_MAX: usize = 100;

/// How long a session waits for its next refresh.
const IDLE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a session lasts, however often it is refreshed.
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long the token before the last is answered with the last once more: a client whose answer was lost asks again.
const REPEATED: SignedDuration = SignedDuration::from_secs(10);

/// A login. Of its refresh tokens only digests are here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The name that its access tokens carry.
    pub id: String,
    /// Whose it is.
    pub username: String,
    /// The generation of the account at the login: a session of another one is no good.
    pub generation: i64,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it ends by itself, in seconds since 1970: a whole number, since old ones are searched for.
    pub expires_at: i64,
    /// The digest of the token that is good now.
    pub token: String,
    /// The exchange that brought it, if there was one.
    pub exchanged: Option<Exchange>,
}

/// An exchange of a token for the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The digest of the token that was given back.
    pub token: String,
    /// What made the next token out of it.
    pub seed: String,
    /// When.
    pub at: Timestamp,
}

/// What a token is to its session.
#[derive(Debug, PartialEq, Eq)]
pub enum Presented<'a> {
    /// The one that is good now.
    Current,
    /// The last one but one, moments after its exchange: its successor is made again with this seed.
    Again(&'a str),
    /// One that was exchanged before. Somebody else has it too.
    Reused,
    /// Any of them, too late.
    Expired,
}

impl Session {
    /// A session that begins.
    pub fn begin(id: String, username: &str, generation: i64, token: String, now: Timestamp) -> Self {
        Self {
            id,
            username: username.to_owned(),
            generation,
            begun_at: now,
            expires_at: (now + IDLE).as_second(),
            token,
            exchanged: None,
        }
    }

    /// What a token with this digest is.
    pub fn judge(&self, token: &str, now: Timestamp) -> Presented<'_> {
        if self.expires_at <= now.as_second() {
            return Presented::Expired;
        }
        if self.token == token {
            return Presented::Current;
        }
        match &self.exchanged {
            Some(exchange) if exchange.token == token && now.duration_since(exchange.at) <= REPEATED => {
                Presented::Again(&exchange.seed)
            }
            _ => Presented::Reused,
        }
    }

    /// The session after an exchange of its token for one with this digest.
    #[must_use]
    pub fn exchanged(&self, token: String, seed: String, now: Timestamp) -> Self {
        let last = (self.begun_at + LONGEST).as_second();
        Self {
            exchanged: Some(Exchange {
                token: self.token.clone(),
                seed,
                at: now,
            }),
            token,
            expires_at: (now + IDLE).as_second().min(last),
            ..self.clone()
        }
    }
}

/// The sessions of a user that have ended before the access tokens that came from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSessions {
    /// Whose.
    pub username: String,
    /// Which, the oldest first.
    pub sessions: Vec<EndedSession>,
}

/// A session that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSession {
    /// Its name.
    pub id: String,
    /// When the last of its access tokens expires, in seconds since 1970.
    pub until: i64,
}

impl EndedSessions {
    /// None.
    pub fn none(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            sessions: Vec::new(),
        }
    }

    /// One more, of which tokens may be about until `until`. Nothing if there are too many to be told apart.
    #[must_use]
    pub fn and(&self, id: &str, until: i64, now: Timestamp) -> Option<Self> {
        let mut sessions = self.at(now).cloned().collect::<Vec<_>>();
        sessions.retain(|session| session.id != id);
        sessions.push(EndedSession {
            id: id.to_owned(),
            until,
        });
        (sessions.len() <= ENDED_MAX).then(|| Self {
            username: self.username.clone(),
            sessions,
        })
    }

    /// Those whose tokens have not expired yet.
    pub fn at(&self, now: Timestamp) -> impl Iterator<Item = &EndedSession> {
        let now = now.as_second();
        self.sessions.iter().filter(move |session| session.until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    const DAY: i64 = 24 * 3_600;

    #[test]
    fn a_token_is_good_once_and_its_exchange_is_answered_again_for_moments() {
        let session = Session::begin("s".into(), "clerk", 7, "one".into(), at(0));
        assert_eq!(session.judge("one", at(60)), Presented::Current);
        assert_eq!(session.judge("two", at(60)), Presented::Reused);
        let second = session.exchanged("two".into(), "seed".into(), at(60));
        assert_eq!(second.judge("two", at(60)), Presented::Current);
        assert_eq!(second.judge("one", at(70)), Presented::Again("seed"));
        assert_eq!(second.judge("one", at(71)), Presented::Reused);
        let third = second.exchanged("three".into(), "seed".into(), at(61));
        assert_eq!(third.judge("two", at(62)), Presented::Again("seed"));
        assert_eq!(third.judge("one", at(62)), Presented::Reused);
    }

    #[test]
    fn a_session_ends_unused_or_after_three_months() {
        let mut session = Session::begin("s".into(), "clerk", 7, "0".into(), at(0));
        assert_eq!(session.judge("0", at(30 * DAY - 1)), Presented::Current);
        assert_eq!(session.judge("0", at(30 * DAY)), Presented::Expired);
        for day in [29, 58, 87] {
            session = session.exchanged(day.to_string(), "seed".into(), at(day * DAY));
        }
        assert_eq!(session.judge("87", at(90 * DAY - 1)), Presented::Current);
        assert_eq!(session.judge("87", at(90 * DAY)), Presented::Expired);
        assert_eq!(session.judge("58", at(90 * DAY)), Presented::Expired);
    }

    #[test]
    fn ended_sessions_are_told_apart_until_their_tokens_expire_and_only_so_many() {
        let one = EndedSessions::none("clerk").and("a", at(1800).as_second(), at(0));
        let two = one.unwrap().and("b", at(2000).as_second(), at(200)).unwrap();
        let names = |ended: &EndedSessions, now| -> Vec<String> {
            ended.at(now).map(|session| session.id.clone()).collect()
        };
        assert_eq!(names(&two, at(1799)), ["a", "b"]);
        assert_eq!(names(&two, at(1800)), ["b"]);
        let again = two.and("a", at(2100).as_second(), at(300)).unwrap();
        assert_eq!(names(&again, at(300)), ["b", "a"]);
        let mut many = EndedSessions::none("clerk");
        for number in 0..ENDED_MAX {
            many = many.and(&number.to_string(), at(10).as_second(), at(0)).unwrap();
        }
        assert_eq!(many.and("more", at(10).as_second(), at(0)), None);
        assert!(many.and("more", at(20).as_second(), at(10)).is_some());
    }
}
