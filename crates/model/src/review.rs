//! Views of what an API server asks an admission webhook, and of the objects in it.
//!
//! Field names and types are those of k8s.io/api `admission/v1/types.go`; fields nobody reads are left out.

use crate::decode::{Decode, DecodeError, Fields, Result, Source, object};
use crate::pod::{Pod, PodSpec, Str};

/// A value of any type, as its bytes in JSON; empty where it is not given, or null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Raw<'d>(pub &'d [u8]);

object! {
    /// What an API server sends, of `admission.k8s.io/v1`.
    pub struct AdmissionReview<'d> {
        /// `request`
        request: Option<AdmissionRequest<'d>> = "request",
        /// `response`, which nobody reads: it has to be one all the same
        response: Option<AdmissionResponse<'d>> = "response",
    }
}

object! {
    /// The part of an answer that is held against its types.
    pub struct AdmissionResponse<'d> {
        /// `uid`
        uid: Str<'d> = "uid",
        /// `allowed`
        allowed: bool = "allowed",
        /// `patch`
        patch: Base64 = "patch",
        /// `patchType`
        patch_type: Option<Str<'d>> = "patchType",
        /// `auditAnnotations`
        audit_annotations: Vec<(Str<'d>, Str<'d>)> = "auditAnnotations",
        /// `warnings`
        warnings: Vec<Str<'d>> = "warnings",
    }
}

/// Bytes as JSON has them, in base64; only that they are is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Base64;

impl<'d> Decode<'d> for Base64 {
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        let Some(text) = source.string()? else { return Ok(false) };
        let plain: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
        let digits = plain.iter().rev().skip_while(|b| **b == b'=').count();
        let is_digit = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let padded = plain.len().is_multiple_of(4) && plain.len() - digits <= 2;
        if padded && plain.iter().take(digits).all(is_digit) {
            return Ok(true);
        }
        Err(DecodeError { offset: 0, message: "illegal base64 data".into() })
    }
}

object! {
    /// What is asked.
    pub struct AdmissionRequest<'d> {
        /// `uid`: of the request
        uid: Str<'d> = "uid",
        /// `kind`: of the object, in the version that the webhook matches
        kind: GroupVersionKind<'d> = "kind",
        /// `resource`: in the version that the webhook matches
        resource: GroupVersionResource<'d> = "resource",
        /// `subResource`: as the webhook matches it
        sub_resource: Str<'d> = "subResource",
        /// `requestKind`: as it was asked for
        request_kind: Option<GroupVersionKind<'d>> = "requestKind",
        /// `requestResource`: as it was asked for
        request_resource: Option<GroupVersionResource<'d>> = "requestResource",
        /// `dryRun`: whether nothing is to be kept
        dry_run: Option<bool> = "dryRun",
        /// `requestSubResource`: as it was asked for, such as `status`; empty for none
        request_sub_resource: Str<'d> = "requestSubResource",
        /// `name`; empty where the API server makes one
        name: Str<'d> = "name",
        /// `namespace`; empty for what is in none
        namespace: Str<'d> = "namespace",
        /// `operation`: `CREATE`, `UPDATE`, `DELETE` or `CONNECT`
        operation: Str<'d> = "operation",
        /// `userInfo`: who asks
        user_info: UserInfo<'d> = "userInfo",
        /// `object`: as it is to be
        object: Raw<'d> = "object",
        /// `oldObject`: as it is
        old_object: Raw<'d> = "oldObject",
    }
}

object! {
    /// A kind in a group and version.
    pub struct GroupVersionKind<'d> {
        /// `group`; empty for the core group
        group: Str<'d> = "group",
        /// `version`
        version: Str<'d> = "version",
        /// `kind`
        kind: Str<'d> = "kind",
    }
}

object! {
    /// A resource in a group and version.
    pub struct GroupVersionResource<'d> {
        /// `group`; empty for the core group
        group: Str<'d> = "group",
        /// `version`
        version: Str<'d> = "version",
        /// `resource`, such as `pods`
        resource: Str<'d> = "resource",
    }
}

object! {
    /// Who asks.
    pub struct UserInfo<'d> {
        /// `username`
        username: Str<'d> = "username",
        /// `uid`
        uid: Str<'d> = "uid",
        /// `groups`
        groups: Vec<Str<'d>> = "groups",
        /// `extra`: more by name
        extra: Extra<'d> = "extra",
    }
}

/// Lists of texts by name: a pair for each of their items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra<'d>(pub Vec<(Str<'d>, Str<'d>)>);

impl<'d> Decode<'d> for Extra<'d> {
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        source.object(|source, name| {
            let each = |source: &mut S| {
                let text = source.string()?.unwrap_or_default();
                source.make_room(size_of::<(Str<'_>, Str<'_>)>())?;
                self.0.push((name.clone(), text));
                Ok(())
            };
            source.list(each).map(drop)
        })
    }
}

/// What an object says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeMeta<'d> {
    /// `apiVersion`
    pub api_version: Str<'d>,
    /// `kind`
    pub kind: Str<'d>,
}

/// An object with what it says that it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typed<'d, T> {
    /// As its fields say, named exactly.
    pub own: TypeMeta<'d>,
    /// As the API machinery reads it to find the type, in which letters of either case do (`SimpleMetaFactory` of
    /// k8s.io/apimachinery `pkg/runtime/serializer/json/meta.go`, by encoding/json).
    pub found: TypeMeta<'d>,
    /// The object.
    pub object: T,
}

/// Nothing but the type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeOnly;

impl<'d> Fields<'d> for TypeOnly {
    fn decode_field<S: Source<'d>>(&mut self, _: &str, source: &mut S) -> Result<()> {
        source.skip()
    }
}

/// Whether two names are the same to encoding/json, which knows two letters that are not ASCII and fold to some that are.
fn folds_to(name: &str, wanted: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    name.len() >= wanted.len() && name.chars().map(fold).eq(wanted.chars().map(fold))
}

impl<'d, T: Fields<'d>> Decode<'d> for Typed<'d, T> {
    #[inline]
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        source.object(|source, name| {
            let found = if folds_to(name, "kind") {
                (&mut self.own.kind, &mut self.found.kind, "kind")
            } else if folds_to(name, "apiVersion") {
                (&mut self.own.api_version, &mut self.found.api_version, "apiVersion")
            } else {
                return self.object.decode_field(name, source);
            };
            let (own, found, exact) = found;
            if let Some(value) = source.string()? {
                if name == exact {
                    own.clone_from(&value);
                }
                *found = value;
            }
            Ok(())
        })
    }
}

object! {
    /// A namespace.
    pub struct Namespace<'d> {
        /// `metadata`
        metadata: ObjectMeta<'d> = "metadata",
    }
}

object! {
    /// An object whose name the API server makes.
    pub struct Generated<'d> {
        /// `metadata`
        metadata: GeneratedMeta<'d> = "metadata",
    }
}

object! {
    /// The part of its metadata that says how the name begins.
    pub struct GeneratedMeta<'d> {
        /// `generateName`
        generate_name: Str<'d> = "generateName",
    }
}

object! {
    /// Where a pod is to run.
    pub struct Scheduled<'d> {
        /// `spec`
        spec: ScheduledSpec<'d> = "spec",
    }
}

object! {
    /// The part of a specification that says it.
    pub struct ScheduledSpec<'d> {
        /// `nodeSelector`
        node_selector: Vec<(Str<'d>, Str<'d>)> = "nodeSelector",
    }
}

impl Scheduled<'_> {
    /// Whether it is to run on nodes with Windows.
    pub fn selects_windows(&self) -> bool {
        let keys = ["kubernetes.io/os", "beta.kubernetes.io/os"];
        self.spec.node_selector.iter().any(|(key, os)| keys.contains(&&**key) && os == "windows")
    }
}

object! {
    /// Some objects of a list, as they are.
    pub struct RawList<'d> {
        /// `items`
        items: Vec<Raw<'d>> = "items",
    }
}

object! {
    /// An object with a template in its `spec`, where a template that is not given is an empty one.
    pub struct Templated<'d> {
        /// `spec`
        spec: TemplatedSpec<'d> = "spec",
    }
}

object! {
    /// What holds a template.
    pub struct TemplatedSpec<'d> {
        /// `template`
        template: Option<Pod<'d>> = "template",
    }
}

object! {
    /// A `PodTemplate`.
    pub struct PodTemplate<'d> {
        /// `template`
        template: Pod<'d> = "template",
    }
}

object! {
    /// A `CronJob`.
    pub struct CronJob<'d> {
        /// `spec`
        spec: CronJobSpec<'d> = "spec",
    }
}

object! {
    /// A `CronJob`'s specification.
    pub struct CronJobSpec<'d> {
        /// `jobTemplate`
        job_template: Templated<'d> = "jobTemplate",
    }
}

object! {
    /// Some pods of a list.
    pub struct PodList<'d> {
        /// `items`
        items: Vec<ListedPod<'d>> = "items",
    }
}

object! {
    /// A pod with what made it.
    pub struct ListedPod<'d> {
        /// `metadata`
        metadata: ObjectMeta<'d> = "metadata",
        /// `spec`
        spec: PodSpec<'d> = "spec",
    }
}

object! {
    /// What made an object.
    pub struct OwnerReference<'d> {
        /// `apiVersion`
        api_version: Str<'d> = "apiVersion",
        /// `kind`
        kind: Str<'d> = "kind",
        /// `name`
        name: Str<'d> = "name",
        /// `uid`
        uid: Str<'d> = "uid",
        /// `controller`: whether it is the one that manages the object
        controller: Option<bool> = "controller",
    }
}

object! {
    /// The part of any object that tells what it belongs to: its labels, what made it, and the templates that it may hold.
    pub struct PartialObject<'d> {
        /// `metadata`
        metadata: ObjectMeta<'d> = "metadata",
        /// `spec`
        spec: PartialSpec<'d> = "spec",
        /// `template`: of a `PodTemplate`
        template: PartialTemplate<'d> = "template",
    }
}

object! {
    /// Some objects of a list, each in part.
    pub struct PartialObjectList<'d> {
        /// `items`
        items: Vec<PartialObject<'d>> = "items",
    }
}

object! {
    /// The part of an object's metadata that is read.
    pub struct ObjectMeta<'d> {
        /// `name`
        name: Str<'d> = "name",
        /// `namespace`
        namespace: Str<'d> = "namespace",
        /// `uid`
        uid: Str<'d> = "uid",
        /// `labels`
        labels: Vec<(Str<'d>, Str<'d>)> = "labels",
        /// `annotations`
        annotations: Vec<(Str<'d>, Str<'d>)> = "annotations",
        /// `ownerReferences`
        owner_references: Vec<OwnerReference<'d>> = "ownerReferences",
    }
}

object! {
    /// Where an object keeps its template.
    pub struct PartialSpec<'d> {
        /// `template`
        template: PartialTemplate<'d> = "template",
        /// `jobTemplate`: of a `CronJob`
        job_template: PartialJobTemplate<'d> = "jobTemplate",
    }
}

object! {
    /// The template of the jobs of a `CronJob`.
    pub struct PartialJobTemplate<'d> {
        /// `spec`
        spec: PartialJobSpec<'d> = "spec",
    }
}

object! {
    /// The specification of such a job.
    pub struct PartialJobSpec<'d> {
        /// `template`
        template: PartialTemplate<'d> = "template",
    }
}

object! {
    /// A template of pods, whose specification is only compared.
    pub struct PartialTemplate<'d> {
        /// `metadata`
        metadata: ObjectMeta<'d> = "metadata",
        /// `spec`
        spec: Raw<'d> = "spec",
    }
}
