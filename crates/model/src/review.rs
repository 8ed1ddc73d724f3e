//! Views of what an API server asks an admission webhook, and of the objects in it.
//!
//! Field names and types are those of k8s.io/api `admission/v1/types.go`; fields nobody reads are left out.

use crate::decode::object;
use crate::pod::{Pod, PodSpec, Str};

/// A value of any type, as its bytes in JSON; empty where it is not given, or null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Raw<'d>(pub &'d [u8]);

object! {
    /// What an API server sends, of `admission.k8s.io/v1`.
    pub struct AdmissionReview<'d> {
        /// `apiVersion`
        api_version: Str<'d> = "apiVersion",
        /// `kind`
        kind: Str<'d> = "kind",
        /// `request`
        request: Option<AdmissionRequest<'d>> = "request",
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
    }
}

object! {
    /// What an object says that it is.
    pub struct TypeMeta<'d> {
        /// `apiVersion`
        api_version: Str<'d> = "apiVersion",
        /// `kind`
        kind: Str<'d> = "kind",
    }
}

object! {
    /// A namespace.
    pub struct Namespace<'d> {
        /// `metadata`
        metadata: NamespaceMetadata<'d> = "metadata",
    }
}

object! {
    /// The part of a namespace's metadata that admission reads.
    pub struct NamespaceMetadata<'d> {
        /// `name`
        name: Str<'d> = "name",
        /// `labels`
        labels: Vec<(Str<'d>, Str<'d>)> = "labels",
    }
}

object! {
    /// Some namespaces of a list.
    pub struct NamespaceList<'d> {
        /// `items`
        items: Vec<Namespace<'d>> = "items",
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
        metadata: ListedMetadata<'d> = "metadata",
        /// `spec`
        spec: PodSpec<'d> = "spec",
    }
}

object! {
    /// The metadata of a pod with what made it.
    pub struct ListedMetadata<'d> {
        /// `name`
        name: Str<'d> = "name",
        /// `annotations`
        annotations: Vec<(Str<'d>, Str<'d>)> = "annotations",
        /// `ownerReferences`
        owner_references: Vec<OwnerReference<'d>> = "ownerReferences",
    }
}

object! {
    /// What made an object.
    pub struct OwnerReference<'d> {
        /// `uid`
        uid: Str<'d> = "uid",
        /// `controller`: whether it is the one that manages the object
        controller: Option<bool> = "controller",
    }
}
