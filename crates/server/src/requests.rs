//! From a request that begins to its answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Frame, Incoming};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::clients::Peer;
use crate::room::{Held, Room};
use crate::{Answer, Limits, Request, Service};

/// Bodies up to this size are not counted: a connection has buffers of that size anyway.
const SMALL: usize = 16 << 10;

/// The part of a body's time for which it may be silent where others wait for room.
const GRACE: u32 = 10;

/// W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What all requests share.
pub(crate) struct Shared<S> {
    pub(crate) service: Arc<S>,
    pub(crate) limits: Limits,
    room: Room,
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
        let room = Room::new(limits.bodies);
        Self { service, limits, room, ending: AtomicBool::new(false) }
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
        let is_last = |response: &mut Response<Full<Bytes>>| {
            // HTTP/2 has its own way to say so.
            if head.version < http::Version::HTTP_2 {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
        };
        let answer = if body.size_hint().lower() >= self.limits.body as u64 {
            self.unread(&Unread::Large)
        } else {
            let mut held = Held::default();
            let mut receiving = pin!(self.receive(body, &mut held));
            // Most bodies are there at once, and a timer costs as much as they do.
            let received = match at_once(receiving.as_mut()).await {
                Some(received) => Ok(received),
                None => timeout(self.limits.body_time, receiving).await,
            };
            match received {
                Ok(Ok(body)) => {
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
                    // Requests that wait are answered first, and all answers sent together: a client is woken once for them.
                    yield_now().await;
                    if self.ending.load(Ordering::Relaxed) {
                        is_last(&mut response);
                    }
                    return Ok(response);
                }
                Ok(Err(unread)) => self.unread(&unread),
                Err(_) => self.unread(&Unread::Slow),
            }
        };
        let mut response = response(answer);
        // The rest of the body is nobody's.
        is_last(&mut response);
        Ok(response)
    }

    /// The whole body, of fewer bytes than the limit. What came in one piece is not copied.
    async fn receive<'r>(&'r self, mut body: Incoming, held: &mut Held<'r>) -> Result<Bytes, Unread> {
        let mut first = Bytes::new();
        let mut whole = BytesMut::new();
        let mut waited = Duration::ZERO;
        loop {
            let length = first.len() + whole.len();
            let frame = if length > SMALL {
                let since = Instant::now();
                let frame = self.next(&mut body, length, waited).await?;
                waited += since.elapsed();
                frame
            } else {
                body.frame().await
            };
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
            let length = length + data.len();
            if length >= self.limits.body {
                return Err(Unread::Large);
            }
            if length > SMALL {
                self.room.grow(held, length).await;
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

    /// The next part of a body that takes room. Where others wait for room, who is silent or slow loses it: the whole has to come at
    /// a pace at which the largest body takes the time of one.
    async fn next(
        &self,
        body: &mut Incoming,
        length: usize,
        waited: Duration,
    ) -> Result<Option<Result<Frame<Bytes>, hyper::Error>>, Unread> {
        let Limits { body_time, body: most, .. } = self.limits;
        let grace = body_time / GRACE;
        let share = length as u128 * body_time.as_millis() / (most as u128).max(1);
        let pace = grace + Duration::from_millis(u64::try_from(share).unwrap_or(u64::MAX));
        let since = Instant::now();
        let mut frame = pin!(body.frame());
        loop {
            if let Ok(frame) = timeout(grace / 4, frame.as_mut()).await {
                return Ok(frame);
            }
            let silent = since.elapsed();
            if self.room.is_wanted() && (silent > grace || waited + silent > pace) {
                return Err(Unread::Slow);
            }
        }
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

/// What a future comes to without waiting.
async fn at_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response
}
