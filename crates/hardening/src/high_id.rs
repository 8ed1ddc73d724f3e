//! Ids of users and groups that must be high.

use seawall_model::FieldPath;

use crate::check::{Cx, Hit, Out};
use crate::view::ContainerAt;

/// What a container runs as: its own setting, else the pod's, and where that is; where it would belong if neither says
/// anything.
pub(crate) fn effective(
    at: &ContainerAt<'_, '_>,
    field: &str,
    of_container: Option<i64>,
    of_pod: Option<i64>,
) -> (Option<i64>, FieldPath) {
    let pod = of_container.is_none() && of_pod.is_some();
    let holder = if pod { FieldPath::root().key("spec") } else { at.path() };
    (of_container.or(of_pod), holder.key("securityContext").key(field))
}

/// Reports a container whose user or group (`what`) is lower than `cx.params` want, or not set.
pub(crate) fn check(
    at: &ContainerAt<'_, '_>,
    cx: &Cx<'_>,
    out: &mut Out<'_>,
    (field, what): (&'static str, &'static str),
    (of_container, of_pod): (Option<i64>, Option<i64>),
) {
    let high = cx.params.high_id;
    if of_container.or(of_pod).is_some_and(|id| id >= high) || at.pod().is_windows() {
        return;
    }
    out.report(|| {
        let (label, message) = match of_container.or(of_pod) {
            Some(id) => {
                (format!("below {high}"), format!("{} runs as {what} {id}, which is below {high}", at.said()))
            }
            None => (format!("no {field}"), format!("{} runs as whatever {what} its image names", at.said())),
        };
        let (_, path) = effective(at, field, of_container, of_pod);
        Hit::new(
            path,
            label,
            message,
            format!("set {field} to {high} or more, if the image can run as such a {what}"),
        )
    });
}
