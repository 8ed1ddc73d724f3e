//! HorizontalPodAutoscalers that go down to one pod, or do not scale.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::FromNode;
use crate::workloads::{at, is, path};

rule! {
    /// ## What it does
    /// Reports HorizontalPodAutoscalers whose `minReplicas` (1 where it is not set) is less than the least number of
    /// replicas (2), and those whose `maxReplicas` is not more than that.
    ///
    /// ## Why it matters
    /// In quiet hours the autoscaler leaves a single pod: when its node goes, so does the application. Without room
    /// between the two numbers nothing is scaled at all.
    ///
    /// ## How to fix
    /// Set `minReplicas` to 2 or more and `maxReplicas` to more than that.
    ///
    /// ## Example
    /// ```yaml
    /// kind: HorizontalPodAutoscaler
    /// spec:
    ///   minReplicas: 2
    ///   maxReplicas: 10
    /// ```
    ///
    /// ## Applies to
    /// HorizontalPodAutoscaler of every version of `autoscaling`; evaluated on each alone. The parameter
    /// `minimum_replicas` sets the number.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/>
    static RULE = {
        id: "hpa-min-replicas",
        aliases: &[],
        title: "goes down to one replica, or does not scale",
        severity: Severity::Info,
        level: None,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if !is(object, &["autoscaling"], "HorizontalPodAutoscaler") {
        return;
    }
    let number = |field| at(object, field).and_then(Option::<i64>::from_node);
    let least = number("spec.minReplicas").unwrap_or(1);
    let wanted = cx.params.minimum_replicas;
    if least < wanted {
        out.report(|| {
            Hit::new(
                path("spec.minReplicas"),
                format!("less than {wanted}"),
                format!("the autoscaler may leave {least} of at least {wanted} replicas"),
                format!("set minReplicas: {wanted}"),
            )
        });
    }
    if let Some(most) = number("spec.maxReplicas").filter(|most| *most <= least) {
        out.report(|| {
            Hit::new(
                path("spec.maxReplicas"),
                "no more than minReplicas",
                format!("the autoscaler has no room: from {least} to {most} replicas"),
                "set maxReplicas to more than minReplicas",
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "hpa-min-replicas";

    fn of(fields: &str) -> Vec<String> {
        found(ID, &format!("kind: HorizontalPodAutoscaler\nspec: {{{fields}}}\n"))
    }

    #[test]
    fn two_are_asked_for_and_room_above() {
        assert_eq!(of("minReplicas: 2, maxReplicas: 3"), [""; 0]);
        let least = "- spec.minReplicas: less than 2";
        assert_eq!(of("maxReplicas: 3"), [least]);
        assert_eq!(of("minReplicas: 1, maxReplicas: 3"), [least]);
        assert_eq!(of("minReplicas: null, maxReplicas: 3"), [least]);
        let most = "- spec.maxReplicas: no more than minReplicas";
        assert_eq!(of("minReplicas: 2, maxReplicas: 2"), [most]);
        assert_eq!(of("maxReplicas: 1"), [least, most]);
        assert_eq!(of("minReplicas: '2', maxReplicas: []"), [least]);
        assert_eq!(found(ID, "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\n"), [least]);
        assert_eq!(found(ID, "kind: Pod\n"), [""; 0]);
    }

    #[test]
    fn the_number_can_be_set() {
        let mut case = Case::of(ID);
        case.params.minimum_replicas = 3;
        assert_eq!(case.found("kind: HorizontalPodAutoscaler\nspec: {minReplicas: 2}\n"), ["- spec.minReplicas: less than 3"]);
    }
}
