//! From a request that begins to its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use tokio::sync::Semaphore;

use crate::clients::Peer;
use crate::{Answer, Limits, Request, Service};

/// Bodies up to this size are not counted: there are not more of them than connections and their streams.
const SMALL: u64 = 64 << 10;

/// W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The bytes that one permit stands for.
const PERMIT: usize = 1 << 10;

/// What all requests share.
pub(crate) struct Shared<S> {
    pub(crate) service: Arc<S>,
    pub(crate) limits: Limits,
    bodies: Semaphore,
    /// Whether the end was asked for: clients are told not to use their connections again.
    ending: AtomicBool,
}

/// Why a body did not become one.
enum Unread {
    /// It is too large.
    Large,
    /// It took too long.
    Slow,
    /// It broke off.
    Broken,
}

impl<S: Service> Shared<S> {
    pub(crate) fn new(service: Arc<S>, limits: Limits) -> Self {
        let bodies = Semaphore::new((limits.bodies / PERMIT).max(limits.body / PERMIT + 1));
        Self { service, limits, bodies, ending: AtomicBool::new(false) }
    }

    pub(crate) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn respond(
        &self,
        request: http::Request<Incoming>,
        peer: &Peer,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let size = body.size_hint();
        let is_last = |response: &mut Response<Full<Bytes>>| {
            // HTTP/2 has its own way to say so.
            if head.version < http::Version::HTTP_2 {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
        };
        let answer = if size.lower() >= self.limits.body as u64 {
            self.unread(&Unread::Large)
        } else {
            // What it may come to: the rest of it is not in memory before there is room.
            let most = size.upper().unwrap_or(u64::MAX).min(self.limits.body as u64);
            let permits = if most > SMALL { most as usize / PERMIT + 1 } else { 0 };
            let room = async {
                // Nobody closes the semaphore.
                if permits > 0 { self.bodies.acquire_many(permits as u32).await.ok() } else { None }
            };
            let received = tokio::time::timeout(self.limits.body_time, async {
                let room = room.await;
                (receive(body, self.limits.body).await, room)
            });
            match received.await {
                Ok((Ok(body), _room)) => {
                    let header = |name| {
                        let value = head.headers.get(name)?;
                        value.to_str().ok().map(str::to_owned)
                    };
                    let request = Request {
                        path: head.uri.path().to_owned(),
                        query: head.uri.query().map(str::to_owned),
                        content_type: header(CONTENT_TYPE),
                        traceparent: header(TRACEPARENT),
                        body,
                        client: peer.client(),
                    };
                    let mut response = response(self.service.answer(request).await);
                    if self.ending.load(Ordering::Relaxed) {
                        is_last(&mut response);
                    }
                    return Ok(response);
                }
                Ok((Err(unread), _)) => self.unread(&unread),
                Err(_) => self.unread(&Unread::Slow),
            }
        };
        let mut response = response(answer);
        // The rest of the body is nobody's.
        is_last(&mut response);
        Ok(response)
    }

    fn unread(&self, why: &Unread) -> Answer {
        let (status, text) = match why {
            Unread::Large => {
                (413, format!("request entity is too large; limit is {} bytes", self.limits.body))
            }
            Unread::Slow => (408, "the body took too long".to_owned()),
            Unread::Broken => (400, "unable to read the body from the incoming request".to_owned()),
        };
        Answer { status, content_type: "text/plain; charset=utf-8", body: text.into() }
    }
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response
}

/// The whole body, of fewer bytes than `limit`. What came in one piece is not copied.
async fn receive(mut body: Incoming, limit: usize) -> Result<Bytes, Unread> {
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if first.len() + whole.len() + data.len() >= limit {
            return Err(Unread::Large);
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}
