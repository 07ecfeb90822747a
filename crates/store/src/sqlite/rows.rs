//! What each kind of write does to its row.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{ToSql, params};

use crate::{Body, Document, Revision};

use super::connection::instant;
use super::fields;
use super::sql::Statements;
use super::writer::{Mark, Writer};

impl Writer {
    pub(super) fn insert(
        &self,
        statements: &Statements,
        id: &str,
        (at, actor): Mark<'_>,
        body: &Body,
    ) -> rusqlite::Result<()> {
        let indexed = fields::values(body.text(), &statements.indexed);
        let values = params![id, at.as_microsecond(), actor, body.text()];
        self.execute(&statements.insert, values, &indexed).map(|_| ())
    }

    /// Replaces a body; `None` if there is no such revision. `before` is the document as it was, if that is known.
    pub(super) fn replace(
        &self,
        statements: &Statements,
        id: &str,
        (at, actor): Mark<'_>,
        (body, expected): (&Body, Revision),
        before: Option<&Document>,
    ) -> rusqlite::Result<Option<Document>> {
        let indexed = fields::values(body.text(), &statements.indexed);
        let is_same = |before: &Document| fields::values(before.body.text(), &statements.indexed) == indexed;
        let (statement, indexed) = if before.is_some_and(is_same) {
            (&statements.replace_body, [].as_slice())
        } else {
            (&statements.replace, indexed.as_slice())
        };
        let values = params![id, at.as_microsecond(), actor, body.text(), expected.get()];
        if self.execute(statement, values, indexed)? == 0 {
            return Ok(None);
        }
        let origin = match before {
            Some(before) => (before.created_at, before.created_by.clone()),
            None => {
                let mut origin = self.connection.prepare_cached(&statements.origin)?;
                origin.query_row([id], |row| Ok((instant(row.get(0)?, 0)?, row.get(1)?)))?
            }
        };
        Ok(Some(Document {
            revision: expected.next(),
            created_at: origin.0,
            updated_at: Some(at),
            created_by: origin.1,
            updated_by: Some(actor.to_owned()),
            ..first(id, (at, actor), body)
        }))
    }

    pub(super) fn upsert(
        &self,
        statements: &Statements,
        id: &str,
        mark: Mark<'_>,
        body: &Body,
    ) -> rusqlite::Result<()> {
        let indexed = fields::values(body.text(), &statements.indexed);
        let values = params![id, mark.0.as_microsecond(), mark.1, body.text()];
        match self.execute(&statements.overwrite, values, &indexed)? {
            0 => self.insert(statements, id, mark, body),
            _ => Ok(()),
        }
    }

    /// Runs a statement on the document's own values and those of its indexed fields.
    fn execute(&self, statement: &str, values: &[&dyn ToSql], indexed: &[Value]) -> rusqlite::Result<usize> {
        let mut statement = self.connection.prepare_cached(statement)?;
        let all = values
            .iter()
            .copied()
            .chain(indexed.iter().map(|value| value as &dyn ToSql));
        for (place, value) in (1..).zip(all) {
            statement.raw_bind_parameter(place, value)?;
        }
        statement.raw_execute()
    }

    pub(super) fn delete(
        &self,
        statements: &Statements,
        id: &str,
        expected: Option<Revision>,
    ) -> rusqlite::Result<usize> {
        match expected {
            Some(revision) => self
                .connection
                .prepare_cached(&statements.delete_expected)?
                .execute(params![id, revision.get()]),
            None => self
                .connection
                .prepare_cached(&statements.delete)?
                .execute(params![id]),
        }
    }

    pub(super) fn restore(
        &self,
        statements: &Statements,
        id: &str,
        document: &Document,
    ) -> rusqlite::Result<()> {
        let indexed = fields::values(document.body.text(), &statements.indexed);
        let values = params![
            id,
            document.revision.get(),
            document.created_at.as_microsecond(),
            document.updated_at.map(Timestamp::as_microsecond),
            document.created_by,
            document.updated_by,
            document.body.text()
        ];
        self.execute(&statements.restore, values, &indexed).map(|_| ())
    }
}

/// The document as a commit inserts it.
pub(super) fn first(id: &str, (at, actor): Mark<'_>, body: &Body) -> Document {
    Document {
        id: id.to_owned(),
        revision: Revision::FIRST,
        created_at: at,
        updated_at: None,
        created_by: actor.to_owned(),
        updated_by: None,
        body: body.clone(),
    }
}
