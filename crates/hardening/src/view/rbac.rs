//! Roles and bindings (k8s.io/api `rbac/v1/types.go`).

use seawall_yaml::NodeRef;

use super::node::view;

view! {
    /// A rule of a role; each field a list.
    pub struct PolicyRule {
        /// `verbs`
        verbs: Option<NodeRef<'d>> = "verbs",
        /// `apiGroups`
        api_groups: Option<NodeRef<'d>> = "apiGroups",
        /// `resources`
        resources: Option<NodeRef<'d>> = "resources",
        /// `resourceNames`
        resource_names: Option<NodeRef<'d>> = "resourceNames",
        /// `nonResourceURLs`
        non_resource_urls: Option<NodeRef<'d>> = "nonResourceURLs",
    }
}

view! {
    /// The role that a binding gives.
    pub struct RoleRef {
        /// `kind`
        kind: &'d str = "kind",
        /// `name`
        name: &'d str = "name",
    }
}

view! {
    /// Whom a binding gives its role to.
    pub struct Subject {
        /// `kind`
        kind: &'d str = "kind",
        /// `name`
        name: &'d str = "name",
        /// `namespace`
        namespace: &'d str = "namespace",
    }
}
