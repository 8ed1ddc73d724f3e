//! Spans of OpenTelemetry, one for each review: made where it is answered, sent to a collector from a thread of their own.

use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seawall_admission::Response;
use seawall_cluster::Collector;
use seawall_model::review::AdmissionRequest;
use seawall_server::read_certificates;
use serde_json::{Value, json};

use super::ending::Ending;
use super::log::{Level, Told};

/// Spans that wait, spans of a batch, and how long one waits for others (`OTEL_BSP_*` of the specification, by default).
const WAITING: usize = 2048;
const BATCH: usize = 512;
const DELAY: Duration = Duration::from_secs(5);
/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(500);
/// Bytes of an attribute.
const LONGEST: usize = 253;
/// `SPAN_KIND_SERVER`
const SERVER: u8 = 2;

/// What a request belongs to (W3C Trace Context, `traceparent`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    trace: u128,
    span: u64,
    is_sampled: bool,
}

impl Parent {
    /// From the header; `None` if it is not one.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut hex = |length: usize| {
            let part = parts.next()?;
            let fits = part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            u128::from_str_radix(part, 16).ok().filter(|_| fits)
        };
        let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        let span = u64::try_from(span).ok()?;
        // Later versions may say more behind.
        let is_one = version != 0xff && (version != 0 || parts.next().is_none());
        (is_one && trace != 0 && span != 0).then_some(Self { trace, span, is_sampled: flags & 1 == 1 })
    }
}

/// A review that is being answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    parent: Option<Parent>,
    at: SystemTime,
}

impl Begun {
    /// A review begins, with what its request says that it belongs to. `None` where it says that nobody looks.
    pub(super) fn of(traceparent: Option<&str>) -> Option<Self> {
        let parent = traceparent.and_then(Parent::read);
        let is_looked_at = parent.is_none_or(|parent| parent.is_sampled);
        is_looked_at.then(|| Self { parent, at: SystemTime::now() })
    }
}

/// A review that was answered.
#[derive(Debug)]
struct Span {
    parent: Option<Parent>,
    trace: u128,
    id: u64,
    begun: u64,
    ended: u64,
    operation: String,
    resource: String,
    namespace: String,
    allowed: bool,
}

/// Where spans go in. Never waits.
#[derive(Debug)]
pub(super) struct Traces {
    queue: SyncSender<Span>,
    dropped: Arc<AtomicU64>,
    ids: RandomState,
    count: AtomicU64,
}

/// Where they come out.
#[derive(Debug)]
pub(super) struct Exporter {
    waiting: Receiver<Span>,
    dropped: Arc<AtomicU64>,
    collector: Collector,
    service: String,
}

/// Spans, if the environment names a collector as the specification of OpenTelemetry has it.
pub(super) fn wanted(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<(Traces, Exporter)>, String> {
    let known = |name: &str| variable(name).filter(|value| !value.is_empty());
    let of_traces = |name: &str| {
        known(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"))
            .or_else(|| known(&format!("OTEL_EXPORTER_OTLP_{name}")))
    };
    if known("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let url = match (known("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), known("OTEL_EXPORTER_OTLP_ENDPOINT")) {
        (Some(url), _) => url,
        (None, Some(url)) => format!("{}/v1/traces", url.trim_end_matches('/')),
        (None, None) => return Ok(None),
    };
    if let Some(protocol) = of_traces("PROTOCOL").filter(|protocol| protocol.as_str() == "grpc") {
        return Err(format!(
            "OTEL_EXPORTER_OTLP_PROTOCOL is `{protocol}`: only `http/json` is spoken, most often on port 4318"
        ));
    }
    let headers = of_traces("HEADERS").unwrap_or_default();
    let headers: Vec<(String, String)> = headers
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let authorities = match of_traces("CERTIFICATE") {
        Some(path) => {
            let text = std::fs::read(&path).map_err(|error| format!("cannot read `{path}`: {error}"))?;
            Some(read_certificates(&text))
                .filter(|all| !all.is_empty())
                .ok_or_else(|| format!("`{path}`: there is no certificate in it"))?
                .into()
        }
        None => None,
    };
    let collector = Collector::new(&url, &headers, authorities)?;
    let service = known("OTEL_SERVICE_NAME").unwrap_or_else(|| "seawall".to_owned());
    let (queue, waiting) = sync_channel(WAITING);
    let dropped = Arc::<AtomicU64>::default();
    let traces =
        Traces { queue, dropped: dropped.clone(), ids: RandomState::new(), count: AtomicU64::new(0) };
    Ok(Some((traces, Exporter { waiting, dropped, collector, service })))
}

fn nanos(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}

impl Traces {
    /// It was answered.
    pub(super) fn end(&self, begun: Begun, request: &AdmissionRequest<'_>, response: &Response) {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let random = |which: u8| self.ids.hash_one((count, which)).max(1);
        let mut resource = request.resource.resource.to_string();
        if !request.request_sub_resource.is_empty() {
            let _ = write!(resource, "/{}", &*request.request_sub_resource);
        }
        let begun_at = nanos(begun.at);
        let span = Span {
            parent: begun.parent,
            trace: begun
                .parent
                .map_or_else(|| u128::from(random(0)) << 64 | u128::from(random(1)), |parent| parent.trace),
            id: random(2),
            begun: begun_at,
            ended: nanos(SystemTime::now()).max(begun_at),
            operation: cut(&request.operation),
            resource: cut(&resource),
            namespace: cut(&request.namespace),
            allowed: response.allowed,
        };
        if self.queue.try_send(span).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes what Prometheus reads.
    pub(super) fn write(&self, out: &mut String) {
        let name = "seawall_spans_dropped_total";
        let help = "Spans that no collector got, as there were too many or it was away.";
        let dropped = self.dropped.load(Ordering::Relaxed);
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {dropped}");
    }
}

impl Span {
    fn write(&self) -> Value {
        let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let mut attributes = vec![
            text("seawall.operation", &self.operation),
            text("seawall.resource", &self.resource),
            json!({"key": "seawall.allowed", "value": {"boolValue": self.allowed}}),
        ];
        if !self.namespace.is_empty() {
            attributes.push(text("k8s.namespace.name", &self.namespace));
        }
        let mut span = json!({
            "traceId": format!("{:032x}", self.trace), "spanId": format!("{:016x}", self.id),
            "name": format!("review {}", self.resource), "kind": SERVER,
            "startTimeUnixNano": self.begun.to_string(), "endTimeUnixNano": self.ended.to_string(),
            "attributes": attributes, "status": {},
        });
        if let Some(parent) = self.parent {
            span["parentSpanId"] = format!("{:016x}", parent.span).into();
        }
        span
    }
}

impl Exporter {
    /// Sends spans on a thread of its own until the end, and what is left then.
    pub(super) fn start(self, ending: Arc<Ending>) -> JoinHandle<()> {
        std::thread::spawn(move || {
            let (mut batch, mut since, mut told) = (Vec::new(), Instant::now(), Told::default());
            loop {
                let over = ending.within(Duration::ZERO);
                match self.waiting.recv_timeout(if over { Duration::ZERO } else { LOOK }) {
                    Ok(span) => {
                        if batch.is_empty() {
                            since = Instant::now();
                        }
                        batch.push(span);
                        if batch.len() < BATCH && since.elapsed() < DELAY {
                            continue;
                        }
                    }
                    Err(RecvTimeoutError::Timeout) if over || since.elapsed() >= DELAY => {}
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return self.send(&mut batch, &mut told),
                }
                self.send(&mut batch, &mut told);
                if over {
                    return;
                }
            }
        })
    }

    fn send(&self, batch: &mut Vec<Span>, told: &mut Told) {
        if batch.is_empty() {
            return;
        }
        match self.collector.post(self.write(batch).to_string()) {
            Ok(()) => told.over(),
            Err(error) => {
                self.dropped.fetch_add(batch.len() as u64, Ordering::Relaxed);
                told.tell(Level::Warning, "spans are dropped: the collector does not take them", &error);
            }
        }
        batch.clear();
    }

    /// An `ExportTraceServiceRequest` as JSON (OTLP 1).
    fn write(&self, batch: &[Span]) -> Value {
        let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let version = env!("CARGO_PKG_VERSION");
        json!({"resourceSpans": [{
            "resource": {"attributes": [text("service.name", &self.service), text("service.version", version)]},
            "scopeSpans": [{
                "scope": {"name": "seawall", "version": version},
                "spans": batch.iter().map(Span::write).collect::<Vec<_>>(),
            }],
        }]})
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn request() -> AdmissionRequest<'static> {
        let mut request = AdmissionRequest {
            operation: "CREATE".into(),
            namespace: "shop".into(),
            request_sub_resource: "ephemeralcontainers".into(),
            ..AdmissionRequest::default()
        };
        request.resource.resource = "pods".into();
        request
    }

    fn environment<'e>(all: &'e [(&'e str, &'e str)]) -> impl Fn(&str) -> Option<String> + 'e {
        move |name| all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    /// Reads one post and answers it; its path, headers and body.
    fn taken(stream: TcpStream, status: &str) -> (String, String, Value) {
        let mut reader = BufReader::new(stream);
        let (mut first, mut head) = (String::new(), String::new());
        reader.read_line(&mut first).unwrap();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let head = head.to_ascii_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        write!(reader.get_mut(), "HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}").unwrap();
        (first, head, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn a_header_is_one_or_none() {
        let parent = Parent::read(PARENT).unwrap();
        assert_eq!(
            (parent.trace, parent.span),
            (0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, 0xb7ad_6b71_6920_3331)
        );
        assert!(parent.is_sampled && !Parent::read(&PARENT.replace("-01", "-02")).unwrap().is_sampled);
        assert!(Parent::read(&format!("{}-more", PARENT.replacen("00", "01", 1))).is_some());
        for none in [
            String::new(),
            format!("{PARENT}-more"),
            PARENT.to_uppercase(),
            PARENT.replacen("00", "ff", 1),
            PARENT.replace("b7ad6b7169203331", "0000000000000000"),
            PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            PARENT.replace("b7ad", "+7ad"),
            PARENT.replace("-b7ad6b7169203331", ""),
        ] {
            assert_eq!(Parent::read(&none), None, "{none}");
        }
    }

    #[test]
    fn a_collector_gets_spans_and_none_is_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let all = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=b, x-key = c=d"),
        ];
        let (traces, exporter) = wanted(environment(&all)).unwrap().unwrap();
        let refused = Response::default();
        traces.end(Begun::of(Some(PARENT)).unwrap(), &request(), &refused);
        traces.end(Begun::of(None).unwrap(), &request(), &Response { allowed: true, ..Response::default() });
        assert!(Begun::of(Some(&PARENT.replace("-01", "-00"))).is_none(), "nobody looks at that trace");
        let ending = Arc::new(Ending::default());
        let thread = exporter.start(ending.clone());
        // What is left is sent at the end.
        ending.end();
        let (first, head, body) = taken(listener.accept().unwrap().0, "200 OK");
        thread.join().unwrap();
        assert_eq!(first, "POST /v1/traces HTTP/1.1\r\n");
        assert!(
            head.contains("\r\nx-key: c=d\r\n") && head.contains("content-type: application/json"),
            "{head}"
        );
        let resource = &body["resourceSpans"][0];
        assert_eq!(
            resource["resource"]["attributes"][0],
            json!({"key": "service.name", "value": {"stringValue": "seawall"}})
        );
        let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
        assert_eq!(spans.len(), 2);
        let (child, root) = (&spans[0], &spans[1]);
        assert_eq!(
            [&child["traceId"], &child["parentSpanId"]],
            ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"]
        );
        assert_eq!([&child["name"], &child["kind"]], [&json!("review pods/ephemeralcontainers"), &json!(2)]);
        assert_eq!(
            child["attributes"],
            json!([
                {"key": "seawall.operation", "value": {"stringValue": "CREATE"}},
                {"key": "seawall.resource", "value": {"stringValue": "pods/ephemeralcontainers"}},
                {"key": "seawall.allowed", "value": {"boolValue": false}},
                {"key": "k8s.namespace.name", "value": {"stringValue": "shop"}},
            ])
        );
        assert_eq!(root["attributes"][2]["value"]["boolValue"], true);
        assert!(
            root["parentSpanId"].is_null()
                && root["traceId"] != child["traceId"]
                && root["spanId"] != child["spanId"]
        );
        let time = |name: &str| child[name].as_str().unwrap().parse::<u64>().unwrap();
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano") && time("startTimeUnixNano") > 1 << 60);
    }

    #[test]
    fn what_no_collector_takes_is_dropped() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let (traces, exporter) =
            wanted(environment(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &url)])).unwrap().unwrap();
        for _ in 0..WAITING + 3 {
            traces.end(Begun::of(None).unwrap(), &request(), &Response::default());
        }
        assert_eq!(traces.dropped.load(Ordering::Relaxed), 3);
        let ending = Arc::new(Ending::default());
        let thread = exporter.start(ending.clone());
        let (_, _, body) = taken(listener.accept().unwrap().0, "503 Service Unavailable");
        assert_eq!(body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len(), BATCH);
        // It is gone.
        drop(listener);
        ending.end();
        thread.join().unwrap();
        let mut out = String::new();
        traces.write(&mut out);
        let dropped: usize = out.trim_end().rsplit(' ').next().unwrap().parse().unwrap();
        assert!((3 + BATCH..=WAITING + 3).contains(&dropped), "{out}");
    }

    #[test]
    fn the_environment_says_whether_there_are_spans() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/");
        let is_wanted = |all: &[(&str, &str)]| wanted(environment(all)).map(|wanted| wanted.is_some());
        assert_eq!(is_wanted(&[]), Ok(false));
        assert_eq!(is_wanted(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]), Ok(false));
        assert_eq!(is_wanted(&[endpoint]), Ok(true));
        assert_eq!(is_wanted(&[endpoint, ("OTEL_SDK_DISABLED", "true")]), Ok(false));
        assert!(is_wanted(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).is_err());
        assert!(is_wanted(&[endpoint, ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/none.crt")]).is_err());
        assert!(is_wanted(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "a")]).is_err());
    }
}
