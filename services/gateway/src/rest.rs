//! A REST request: JSON in, one or more gRPC calls, JSON out.

use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, VARY};
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kugel_error::codes;
use percent_encoding::percent_decode_str;
use tonic::Status;

use crate::Gateway;
use crate::failure::Failure;
use crate::json::{Reader, Refusal, Writer};
use crate::reply::{self, Language};
use crate::routes::{Answer, Binding, Body as Place, Lookup, chain};
use crate::upstream::{self, FRAME_HEAD};
use crate::{headers, hosts, prefer};

/// Answers a request by the routes of the contract.
pub(crate) async fn serve(gateway: &Gateway, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let language = Language::of(&parts.headers);
    let fail = |failure: Failure, binding: Option<&Binding>| {
        reply::failure(
            failure,
            language,
            gateway.settings.code_style(),
            &gateway.routes,
            binding,
        )
    };
    let service = match hosts::named_service(gateway, &parts.headers, &parts.uri) {
        Ok(service) => service,
        Err(failure) => return fail(failure, None),
    };
    let verb = if parts.method == Method::HEAD {
        &Method::GET
    } else {
        &parts.method
    };
    match gateway.routes.find(verb, parts.uri.path(), service) {
        Lookup::Unknown => fail(reply::unknown_path(parts.uri.path()), None),
        Lookup::WrongMethod(allowed) => {
            let failure = codes::METHOD_NOT_ALLOWED.error(format!("{} is not allowed here", parts.method));
            let mut response = fail(failure.into(), None);
            reply::allow(&mut response, &allowed);
            response
        }
        Lookup::Found(bindings, captures) => {
            let answer = answer(gateway, &parts, body, &bindings, &captures).await;
            let mut response = answer.unwrap_or_else(|(failure, binding)| fail(failure, Some(binding)));
            if prefer::is_strict(&parts.headers) {
                response
                    .headers_mut()
                    .insert(prefer::PREFERENCE_APPLIED, prefer::STRICT);
            }
            response
        }
    }
}

/// Calls the routes in turn. The first one's answer is shown; the first failure ends the request.
async fn answer<'r>(
    gateway: &Gateway,
    parts: &Parts,
    body: Body,
    bindings: &[&'r Binding],
    captures: &[&str],
) -> Result<Response<Body>, (Failure, &'r Binding)> {
    let first = bindings[0];
    let body = if bindings.iter().all(|binding| binding.body == Place::None) {
        Bytes::new()
    } else {
        read_body(body, gateway.settings.body_limit_bytes)
            .await
            .map_err(|failure| (failure, first))?
    };
    let mut shown = None;
    for binding in bindings {
        let response = call(gateway, parts, &body, binding, captures)
            .await
            .map_err(|failure| (failure, *binding))?;
        shown.get_or_insert(response);
    }
    Ok(shown.expect("a found path has a route"))
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<Bytes, Failure> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(codes::BODY_TOO_LARGE
            .error(format!("the body is larger than {limit} bytes"))
            .into()),
        // The port may have said why.
        Err(error) => {
            let mut causes = std::iter::successors(error.source(), |error| error.source());
            let status = causes.find_map(|cause| cause.downcast_ref::<Status>());
            Err(match status {
                Some(status) => status.clone().into(),
                None => codes::INVALID_INPUT.error("the body was cut off").into(),
            })
        }
    }
}

async fn call(
    gateway: &Gateway,
    parts: &Parts,
    body: &[u8],
    binding: &Binding,
    captures: &[&str],
) -> Result<Response<Body>, Failure> {
    let (request, terminal_id) = transcode(gateway, parts, body, binding, captures)?;
    let metadata = headers::metadata(&parts.headers, terminal_id.as_deref());
    let channel = gateway.channel(&binding.service)?;
    let answer = upstream::unary(channel, &binding.grpc_path, metadata, request).await?;
    let body = render(gateway, binding, &answer.message).map_err(|_| Failure::malformed_answer())?;
    let mut response = reply::json(binding.success, body);
    if let Some(kept) = &binding.kept {
        response.headers_mut().insert(CACHE_CONTROL, kept.clone());
        // A kept answer is none to who wants its parameters checked.
        response.headers_mut().append(VARY, prefer::PREFER.into());
    }
    headers::copy_extensions(&answer.headers, response.headers_mut());
    Ok(response)
}

/// Makes the framed request message, and finds the terminal's id in path or query.
fn transcode(
    gateway: &Gateway,
    parts: &Parts,
    body: &[u8],
    binding: &Binding,
    captures: &[&str],
) -> Result<(Vec<u8>, Option<String>), Failure> {
    let schema = &gateway.routes.schema;
    let mut reader = Reader::new(schema, FRAME_HEAD).strict(prefer::is_strict(&parts.headers));
    let mut terminal_id = None;
    if binding.needs_body && matches!(body.trim_ascii(), b"" | b"null") {
        let error = codes::INVALID_INPUT.error("the request needs a body");
        return Err(error.field("body", "is required").into());
    }
    if !body.is_empty() {
        match binding.body {
            Place::None => Ok(()),
            Place::Whole => reader.body(body, binding.request),
            Place::Field(index) => reader.body_field(body, &schema.message(binding.request).fields[index]),
        }
        .map_err(refused)?;
    }
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        // A credential's part, which every route takes.
        let is_terminal = name == "terminal_id" || name == "terminalId";
        if is_terminal {
            terminal_id = Some(value.clone().into_owned());
        }
        match chain(schema, binding.request, &name) {
            Ok(fields) => reader.parameter(&fields, &value),
            Err(_) if is_terminal => {}
            Err(_) => reader.unknown(&name),
        }
    }
    // The path comes last: where a message names a field twice, the later one counts.
    for (position, (fields, capture)) in std::iter::zip(&binding.variables, captures).enumerate() {
        let value = percent_decode_str(capture).decode_utf8();
        let value = value.map_err(|_| codes::INVALID_INPUT.error("the path is not UTF-8"))?;
        if binding.terminal_variable == Some(position) {
            terminal_id = Some(value.clone().into_owned());
        }
        reader.parameter(fields, &value);
    }
    Ok((reader.finish().map_err(refused)?, terminal_id))
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Syntax(what) => codes::INVALID_INPUT
            .error(format!("the body is not valid JSON: {what}"))
            .into(),
        Refusal::Fields { wrong, unknown } => {
            let error = codes::INVALID_INPUT.error("request validation failed");
            let mut failure: Failure = wrong
                .into_iter()
                .fold(error, |error, wrong| error.field(wrong.field, wrong.description))
                .into();
            failure.unknown = unknown;
            failure
        }
    }
}

/// Writes the answer's body.
fn render(gateway: &Gateway, binding: &Binding, message: &[u8]) -> Result<Vec<u8>, crate::wire::Malformed> {
    let writer = Writer::new(&gateway.routes.schema);
    // JSON is about twice the size of the wire; better to have room than to move.
    let mut out = Vec::with_capacity(binding.envelope_head.len() + 128 + message.len() * 3);
    if binding.answer == Answer::Bare {
        writer.message(binding.response, message, &mut out)?;
        return Ok(out);
    }
    out.extend_from_slice(binding.envelope_head.as_bytes());
    let mut page = None;
    match binding.answer {
        Answer::Empty | Answer::Bare => out.extend_from_slice(b"null"),
        Answer::Message => writer.message(binding.response, message, &mut out)?,
        Answer::Field { data, metadata } => {
            let found = writer.find(binding.response, message)?;
            writer.field(&found, data, &mut out)?;
            page = metadata.map(|metadata| (found, metadata));
        }
    }
    out.extend_from_slice(br#","metadata":"#);
    match page {
        Some((found, metadata)) => writer.field(&found, metadata, &mut out)?,
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(binding.envelope_tail.as_bytes());
    Ok(out)
}
