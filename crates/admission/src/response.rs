//! Answers, and how they are written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seawall_model::gotext::quote;
use seawall_model::review::AdmissionRequest;
use seawall_pss::namespace::{LabelError, joined};

use crate::break_glass::{BREAK_GLASS_KIND, Suspension};
use crate::review::{API_VERSION, KIND};

/// An answer to an API server, of `admission.k8s.io/v1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Whether the request may be done.
    pub allowed: bool,
    /// Why not.
    pub status: Option<Box<Status>>,
    /// What the audit log is to say, by key.
    pub audit_annotations: Vec<(&'static str, String)>,
    /// What the client is to be told.
    pub warnings: Vec<String>,
    /// What is to be changed, as JSON Patch.
    pub patch: Option<String>,
}

/// A `Status` of `meta/v1` that tells of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status.
    pub code: u16,
    /// Such as `Forbidden`.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// What it is about.
    pub details: Option<Details>,
}

/// What a status is about. Empty fields are not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The object's name.
    pub name: String,
    /// Its group.
    pub group: String,
    /// Its kind, or its resource.
    pub kind: String,
    /// One by one.
    pub causes: Vec<Cause>,
}

/// One of several causes. Empty fields are not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Such as `FieldValueInvalid`.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// The field's path.
    pub field: String,
}

/// The audit annotation that names the policy that was enforced.
pub(crate) const ENFORCE_POLICY: &str = "enforce-policy";
/// The audit annotation that tells violations of the audited policy.
pub(crate) const AUDIT_VIOLATIONS: &str = "audit-violations";
/// The audit annotation that names the exceptions which let something pass.
pub(crate) const EXCEPTIONS: &str = "exceptions";
/// The audit annotation that tells why a request would have been refused, where nothing is.
const WOULD_REFUSE: &str = "would-refuse";
/// The audit annotation that names what suspends what is enforced.
const BREAK_GLASS: &str = "break-glass";
/// The audit annotation that tells what was set.
const SET: &str = "set";
/// The audit annotation that tells what would have been set, where nothing is.
const WOULD_SET: &str = "would-set";
/// The audit annotation that tells why a request was exempt.
const EXEMPT: &str = "exempt";
/// The audit annotation that tells what went wrong.
pub(crate) const ERROR: &str = "error";

impl Response {
    /// It may be done.
    pub(crate) fn allowed() -> Self {
        Self { allowed: true, ..Self::default() }
    }

    /// It may be done, and the audit log says this.
    pub(crate) fn annotated(key: &'static str, value: impl Into<String>) -> Self {
        Self { audit_annotations: vec![(key, value.into())], ..Self::allowed() }
    }

    /// It may be done, as this is exempt: `namespace`, `user` or `runtimeClass`.
    pub(crate) fn exempt(what: &str) -> Self {
        Self::annotated(EXEMPT, what)
    }

    /// It may be done, with warnings.
    pub(crate) fn warned(warnings: impl IntoIterator<Item = String>) -> Self {
        Self { warnings: warnings.into_iter().collect(), ..Self::allowed() }
    }

    /// It may be done with a change, of which this is told.
    pub(crate) fn set(patch: String, what: &str) -> Self {
        let patch = Some(patch);
        Self { patch, warnings: vec![format!("set {what}")], ..Self::annotated(SET, what) }
    }

    /// It may be done as it is, where nothing is changed: what would have been is told.
    pub(crate) fn would_set(what: &str) -> Self {
        Self { warnings: vec![format!("this would be set {what}")], ..Self::annotated(WOULD_SET, what) }
    }

    /// A policy forbids it (`NewForbidden` of k8s.io/apimachinery `pkg/api/errors/errors.go`).
    pub(crate) fn forbidden(request: &AdmissionRequest<'_>, why: &str) -> Self {
        let (group, resource) = (&*request.resource.group, &*request.resource.resource);
        let qualified = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let message = if request.name.is_empty() {
            format!("{qualified} is forbidden: {why}")
        } else {
            format!("{qualified} {} is forbidden: {why}", quote(&request.name))
        };
        Self::refused(Status {
            code: 403,
            reason: "Forbidden",
            message,
            details: Some(Details {
                name: request.name.to_string(),
                group: group.to_owned(),
                kind: resource.to_owned(),
                causes: Vec::new(),
            }),
        })
    }

    /// Its labels are not valid (`NewInvalid` of the same file).
    pub(crate) fn invalid(request: &AdmissionRequest<'_>, errors: &[LabelError]) -> Self {
        let (group, kind) = (&*request.kind.group, &*request.kind.kind);
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let cause = |error: &LabelError| Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {}: {}", quote(&error.value), error.problem),
            field: format!("metadata.labels[{}]", error.label),
        };
        Self::refused(Status {
            code: 422,
            reason: "Invalid",
            message: format!("{qualified} {} is invalid: {}", quote(&request.name), joined(errors)),
            details: Some(Details {
                name: request.name.to_string(),
                group: group.to_owned(),
                kind: kind.to_owned(),
                causes: errors.iter().map(cause).collect(),
            }),
        })
    }

    /// It cannot be read.
    pub(crate) fn bad_request(message: &'static str, why: Option<&str>) -> Self {
        let status = Status { code: 400, reason: "BadRequest", message: message.to_owned(), details: None };
        Self::refused(status).because(why)
    }

    /// It cannot be judged.
    pub(crate) fn internal(message: &str, why: Option<&str>) -> Self {
        let cause = Cause { message: message.to_owned(), ..Cause::default() };
        let details = Details { causes: vec![cause], ..Details::default() };
        let status = Status {
            code: 500,
            reason: "InternalError",
            message: format!("Internal error occurred: {message}"),
            details: Some(details),
        };
        Self::refused(status).because(why)
    }

    fn refused(status: Status) -> Self {
        Self { status: Some(Box::new(status)), ..Self::default() }
    }

    /// The same where nothing is refused: what would have been is said.
    pub(crate) fn reported(mut self) -> Self {
        if let Some(status) = self.status.take() {
            self.allowed = true;
            self.warnings.push(format!("this would be refused: {}", status.message));
            self.audit_annotations.push((WOULD_REFUSE, status.message));
        }
        self
    }

    /// The same where what is enforced is suspended: what would have been refused is said, and by what it is not.
    pub(crate) fn suspended(mut self, by: &Suspension) -> Self {
        if let Some(status) = self.status.take() {
            self.allowed = true;
            let Suspension { name, until } = by;
            self.warnings.push(format!(
                "{BREAK_GLASS_KIND} {} lets this pass until {until}: {}",
                quote(name),
                status.message
            ));
            self.audit_annotations.push((BREAK_GLASS, name.to_string()));
            self.audit_annotations.push((WOULD_REFUSE, status.message));
        }
        self
    }

    /// With what went wrong in the audit log.
    fn because(mut self, why: Option<&str>) -> Self {
        let message = self.status.as_ref().map(|status| status.message.clone()).unwrap_or_default();
        let error = why.map_or_else(|| message.clone(), |why| format!("{message}: {why}"));
        self.audit_annotations.push((ERROR, error));
        self
    }

    /// Writes the review that answers the request of this UID, as JSON. The request is not in it.
    pub fn write(&self, uid: &str, out: &mut Vec<u8>) {
        let mut w = Writer { out };
        w.raw(r#"{"kind":""#);
        w.raw(KIND);
        w.raw(r#"","apiVersion":""#);
        w.raw(API_VERSION);
        w.raw(r#"","response":{"uid":"#);
        w.string(uid);
        w.raw(if self.allowed { r#","allowed":true"# } else { r#","allowed":false"# });
        if let Some(status) = &self.status {
            w.raw(r#","status":"#);
            w.status(status);
        }
        if let Some(patch) = &self.patch {
            w.raw(r#","patchType":"JSONPatch","patch":"#);
            w.string(&STANDARD.encode(patch));
        }
        if !self.audit_annotations.is_empty() {
            w.raw(r#","auditAnnotations":{"#);
            w.separated(&self.audit_annotations, |w, (key, value)| w.field(key, value));
            w.raw("}");
        }
        if !self.warnings.is_empty() {
            w.raw(r#","warnings":["#);
            w.separated(&self.warnings, |w, warning| w.string(warning));
            w.raw("]");
        }
        w.raw("}}");
    }
}

/// A text as JSON.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = Vec::new();
    Writer { out: &mut out }.string(text);
    String::from_utf8(out).unwrap_or_default()
}

/// JSON, as it is written.
struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

impl Writer<'_> {
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn separated<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.raw(",");
            }
            write(self, item);
        }
    }

    fn field(&mut self, key: &str, value: &str) {
        self.string(key);
        self.raw(":");
        self.string(value);
    }

    fn string(&mut self, text: &str) {
        self.raw("\"");
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|b| b < b' ' || b == b'"' || b == b'\\') {
            let (plain, special) = rest.split_at(at);
            self.raw(plain);
            let byte = special.as_bytes().first().copied().unwrap_or_default();
            match byte {
                b'"' => self.raw("\\\""),
                b'\\' => self.raw("\\\\"),
                b'\n' => self.raw("\\n"),
                b'\r' => self.raw("\\r"),
                b'\t' => self.raw("\\t"),
                byte => self.raw(&format!("\\u{byte:04x}")),
            }
            rest = special.get(1..).unwrap_or_default();
        }
        self.raw(rest);
        self.raw("\"");
    }

    fn status(&mut self, status: &Status) {
        self.raw(r#"{"metadata":{},"status":"Failure","#);
        self.field("message", &status.message);
        self.raw(",");
        self.field("reason", status.reason);
        if let Some(details) = &status.details {
            self.raw(r#","details":{"#);
            self.details(details);
            self.raw("}");
        }
        self.raw(",\"code\":");
        self.raw(&status.code.to_string());
        self.raw("}");
    }

    fn details(&mut self, Details { name, group, kind, causes }: &Details) {
        let fields = [("name", name), ("group", group), ("kind", kind)];
        let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.separated(&fields, |w, (key, value)| w.field(key, value));
        if causes.is_empty() {
            return;
        }
        self.raw(if fields.is_empty() { r#""causes":["# } else { r#","causes":["# });
        self.separated(causes, |w, Cause { reason, message, field }| {
            let fields = [("reason", *reason), ("message", message), ("field", field)];
            let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            w.raw("{");
            w.separated(&fields, |w, (key, value)| w.field(key, value));
            w.raw("}");
        });
        self.raw("]");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(response: &Response) -> String {
        let mut out = Vec::new();
        response.write("u\"1", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_empty_is_not_written() {
        assert_eq!(
            written(&Response::allowed()),
            r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"u\"1","allowed":true}}"#
        );
    }

    #[test]
    fn texts_are_escaped() {
        let warned = Response::warned(["a\n\u{1}\\\u{7f}ü".to_owned(), String::new()]);
        assert!(
            written(&warned).ends_with("\"warnings\":[\"a\\n\\u0001\\\\\u{7f}ü\",\"\"]}}"),
            "{}",
            written(&warned)
        );
    }

    #[test]
    fn failures_say_what_they_are_about() {
        let request = AdmissionRequest { name: "p".into(), ..AdmissionRequest::default() };
        let mut pods = request.clone();
        pods.resource.resource = "pods".into();
        assert!(written(&Response::forbidden(&pods, "no")).contains(concat!(
            r#""allowed":false,"status":{"metadata":{},"status":"Failure","message":"pods \"p\" is forbidden: no","#,
            r#""reason":"Forbidden","details":{"name":"p","kind":"pods"},"code":403}}"#
        )));
        assert!(written(&Response::internal("gone", Some("why"))).contains(concat!(
            r#""message":"Internal error occurred: gone","reason":"InternalError","details":{"causes":[{"message":"gone"}]},"#,
            r#""code":500},"auditAnnotations":{"error":"Internal error occurred: gone: why"}"#
        )));
    }
}
