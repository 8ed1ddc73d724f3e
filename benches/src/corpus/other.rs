//! The kinds without pods.

use super::{App, Random, Text};

pub(super) fn service(text: &mut Text, app: &App, random: &mut Random) {
    text.head(app, "v1", "Service", &app.name);
    text.lines(
        0,
        &format!(
            "spec:
  type: {}
  selector:
    app.kubernetes.io/name: {}
  ports:
  - name: http
    port: 80
    targetPort: http
    protocol: TCP
  - name: metrics
    port: 9102
    targetPort: 9102",
            random.pick(&["ClusterIP", "ClusterIP", "LoadBalancer"]),
            app.name
        ),
    );
}

pub(super) fn ingress(text: &mut Text, app: &App, random: &mut Random) {
    text.head(app, "networking.k8s.io/v1", "Ingress", &app.name);
    text.lines(
        0,
        &format!(
            "spec:
  ingressClassName: nginx
  tls:
  - hosts:
    - {name}.example.com
    secretName: {name}-tls
  rules:
  - host: \"{name}.example.com\"
    http:
      paths:
      - path: {path}
        pathType: Prefix
        backend:
          service:
            name: {name}
            port:
              name: http",
            name = app.name,
            path = random.pick(&["/", "/api", "/v1"])
        ),
    );
}

pub(super) fn network_policy(text: &mut Text, app: &App) {
    text.head(app, "networking.k8s.io/v1", "NetworkPolicy", &app.name);
    text.lines(
        0,
        &format!(
            "spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: ingress-nginx
    ports:
    - protocol: TCP
      port: {}
  egress:
  - to:
    - ipBlock:
        cidr: 10.0.0.0/8
        except:
        - 10.96.0.0/12",
            app.name, app.port
        ),
    );
}

pub(super) fn secret(text: &mut Text, app: &App) {
    text.head(app, "v1", "Secret", &format!("{}-credentials", app.name));
    text.lines(
        0,
        "type: Opaque
data:
  database-url: cG9zdGdyZXM6Ly9leGFtcGxl
  token: 'bm90LWEtcmVhbC10b2tlbg=='",
    );
}

pub(super) fn config_map(text: &mut Text, app: &App, random: &mut Random) {
    text.head(app, "v1", "ConfigMap", &app.name);
    text.lines(0, "data:\n  LOG_LEVEL: info\n  FEATURE_FLAGS: \"search-v2,new-checkout\"\n  config.yaml: |");
    text.lines(
        4,
        &format!(
            "# Read at start-up; see the handbook.
server:
  listen: :{}
  timeout: 30s

log:
  format: json",
            app.port
        ),
    );
    for number in 0..12 + random.below(24) {
        text.lines(
            4,
            &format!("upstream-{number}: https://{}-{number}.internal.example.com:8443/v1", app.team),
        );
    }
}

pub(super) fn service_account(text: &mut Text, app: &App) {
    text.head(app, "v1", "ServiceAccount", &app.name);
    text.lines(0, "automountServiceAccountToken: false");
}

pub(super) fn role(text: &mut Text, app: &App, random: &mut Random) {
    text.head(app, "rbac.authorization.k8s.io/v1", "Role", &app.name);
    text.lines(
        0,
        "rules:
- apiGroups: [\"\"]
  resources: [\"configmaps\", \"endpoints\"]
  verbs: [\"get\", \"list\", \"watch\"]
- apiGroups:
  - coordination.k8s.io
  resources:
  - leases
  verbs:
  - get
  - create
  - update",
    );
    if random.chance(10) {
        text.lines(0, "- apiGroups: ['*']\n  resources: ['*'] # to be narrowed\n  verbs: ['*']");
    }
}

pub(super) fn role_binding(text: &mut Text, app: &App) {
    text.head(app, "rbac.authorization.k8s.io/v1", "RoleBinding", &app.name);
    text.lines(
        0,
        &format!(
            "roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {name}
subjects:
- kind: ServiceAccount
  name: {name}
  namespace: {namespace}",
            name = app.name,
            namespace = app.namespace
        ),
    );
}

pub(super) fn disruption_budget(text: &mut Text, app: &App) {
    text.head(app, "policy/v1", "PodDisruptionBudget", &app.name);
    text.lines(
        0,
        &format!(
            "spec:
  minAvailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {}",
            app.name
        ),
    );
}

pub(super) fn autoscaler(text: &mut Text, app: &App, random: &mut Random) {
    text.head(app, "autoscaling/v2", "HorizontalPodAutoscaler", &app.name);
    text.lines(
        0,
        &format!(
            "spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {}
  minReplicas: 2
  maxReplicas: {}
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: {}",
            app.name,
            4 + random.below(16),
            60 + random.below(30)
        ),
    );
}
