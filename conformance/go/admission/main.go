// Command admission answers admission reviews with the webhook of k8s.io/pod-security-admission: its own setup and its own
// HTTP handler. Only what they ask a cluster for is made up.
//
// It is a module of its own, as the webhook's dependencies would be those of all other oracles.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	apiserver "k8s.io/apiserver/pkg/server"
	clientset "k8s.io/client-go/kubernetes"
	corev1listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	compbasemetrics "k8s.io/component-base/metrics"
	"k8s.io/klog/v2"
	"k8s.io/pod-security-admission/admission"
	"k8s.io/pod-security-admission/admission/api/load"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/cmd/webhook/server"
	"k8s.io/pod-security-admission/metrics"

	"seawall.dev/conformance/frame"
)

// ownVersion is the Kubernetes version that metrics tell from the future. What a plain build of the webhook takes for its own
// version is v0.0, with which every pinned version would be "future".
var ownVersion = api.MajorMinorVersion(1, 37)

// request is one configuration and cluster, and what is sent to the webhook there.
type request struct {
	// Configuration is the text of the file; none if empty.
	Configuration string            `json:"configuration"`
	Namespaces    []json.RawMessage `json:"namespaces"`
	// LookupError fails every look-up of a namespace, unless empty.
	LookupError string `json:"lookupError"`
	// Pods is what a list gives, of whichever namespace.
	Pods      []json.RawMessage `json:"pods"`
	ListError bool              `json:"listError"`
	// Cancelled ends the context of a request once pods were listed.
	Cancelled bool   `json:"cancelled"`
	Posts     []post `json:"posts"`
}

// post is one HTTP request.
type post struct {
	Body string `json:"body"`
	// Bytes is the body if it is not text.
	Bytes []uint16 `json:"bytes"`
	// Timeout is the value of the query parameter; no parameter if null.
	Timeout *string `json:"timeout"`
	// ContentType is "application/json" if null; no header if empty.
	ContentType *string `json:"contentType"`
}

type answer struct {
	ConfigurationError string   `json:"configurationError,omitempty"`
	Answers            []posted `json:"answers,omitempty"`
}

// posted is what one HTTP request came to: a panic, a review with a response, or another answer of HTTP.
type posted struct {
	Panic    bool            `json:"panic,omitempty"`
	HTTP     int             `json:"http,omitempty"`
	Text     string          `json:"text,omitempty"`
	Response json.RawMessage `json:"response,omitempty"`
	// Metrics are those that are not zero, of this request alone.
	Metrics []metric `json:"metrics"`
	// Lookups are the namespaces that were looked up ("namespace a") and whose pods were listed ("pods a").
	Lookups []string `json:"lookups"`
}

type metric struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
	Value  float64           `json:"value"`
}

// cluster stands for the API server.
type cluster struct {
	namespaces  admission.NamespaceGetter
	lookupError string
	pods        []*corev1.Pod
	listError   bool
	// cancel ends the context of the request at hand, if that is to happen.
	cancel  context.CancelFunc
	lookups []string
}

func (c *cluster) GetNamespace(ctx context.Context, name string) (*corev1.Namespace, error) {
	c.lookups = append(c.lookups, "namespace "+name)
	if c.lookupError != "" {
		return nil, errors.New(c.lookupError)
	}
	// A cluster looks in its cache first, so that the deadline of the request does not matter there.
	return c.namespaces.GetNamespace(context.WithoutCancel(ctx), name)
}

func (c *cluster) ListPods(ctx context.Context, namespace string) ([]*corev1.Pod, error) {
	c.lookups = append(c.lookups, "pods "+namespace)
	// A client sends nothing when the deadline has passed.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.listError {
		return nil, errors.New("no pods today")
	}
	if c.cancel != nil {
		c.cancel()
	}
	// The caller orders the list in place.
	return append([]*corev1.Pod(nil), c.pods...), nil
}

// RoundTrip answers what a client asks for past its cache: there is no such namespace.
func (c *cluster) RoundTrip(r *http.Request) (*http.Response, error) {
	name := r.URL.Path[len("/api/v1/namespaces/"):]
	status := apierrors.NewNotFound(corev1.Resource("namespaces"), name).Status()
	status.Kind, status.APIVersion = "Status", "v1"
	return &http.Response{
		StatusCode: http.StatusNotFound,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(encode(status))),
		Request:    r,
	}, nil
}

// recorder counts as the webhook counts, with a version of its own.
type recorder struct {
	*metrics.PrometheusRecorder
	counters []compbasemetrics.Registerable
}

func newRecorder() recorder {
	r := recorder{PrometheusRecorder: metrics.NewPrometheusRecorder(ownVersion)}
	registry := compbasemetrics.NewKubeRegistry()
	r.MustRegister(func(counters ...compbasemetrics.Registerable) {
		registry.MustRegister(counters...)
		r.counters = append(r.counters, counters...)
	})
	return r
}

// counted is what was recorded since the last reset. Asking the registry for it would take longer than the request.
func (r recorder) counted() []metric {
	counted := []metric{}
	for _, counter := range r.counters {
		// More than one request can count.
		samples := make(chan prometheus.Metric, 64)
		counter.Collect(samples)
		close(samples)
		for sample := range samples {
			var m dto.Metric
			if err := sample.Write(&m); err != nil {
				log.Fatal(err)
			}
			if m.GetCounter().GetValue() == 0 {
				continue
			}
			labels := map[string]string{}
			for _, label := range m.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			counted = append(counted, metric{counter.FQName(), labels, m.GetCounter().GetValue()})
		}
	}
	return counted
}

// setUp gives the webhook for a configuration, with a cluster and a recorder of ours in the place of its own.
func setUp(configuration string, c *cluster, r recorder) (*server.Server, error) {
	loaded, err := load.LoadFromData([]byte(configuration))
	if err != nil {
		return nil, err
	}
	s, err := server.Setup(&server.Config{
		InsecureServing:   &apiserver.DeprecatedInsecureServingInfo{},
		KubeConfig:        &rest.Config{Host: "http://cluster"},
		PodSecurityConfig: loaded,
	})
	if err != nil {
		return nil, err
	}
	// The field is not exported; the package has no other way to give a webhook another cluster.
	field := reflect.ValueOf(s).Elem().FieldByName("delegate")
	delegate := reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem().Interface().(*admission.Admission)
	delegate.Metrics, delegate.NamespaceGetter, delegate.PodLister = r, c, c
	return s, nil
}

// newCluster has a client and a cache as the webhook has them.
func newCluster(r request) *cluster {
	c := &cluster{lookupError: r.LookupError, listError: r.ListError}
	client, err := clientset.NewForConfig(&rest.Config{Host: "http://cluster", Transport: c, QPS: -1})
	if err != nil {
		log.Fatal(err)
	}
	cached := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	for _, raw := range r.Namespaces {
		namespace := &corev1.Namespace{}
		decode(raw, namespace)
		if err := cached.Add(namespace); err != nil {
			log.Fatal(err)
		}
	}
	c.namespaces = admission.NamespaceGetterFromListerAndClient(corev1listers.NewNamespaceLister(cached), client)
	for _, raw := range r.Pods {
		pod := &corev1.Pod{}
		decode(raw, pod)
		c.pods = append(c.pods, pod)
	}
	return c
}

// send is one HTTP request to the webhook.
func send(s *server.Server, c *cluster, r recorder, p post, cancelled bool) (out posted) {
	body := []byte(p.Body)
	for _, b := range p.Bytes {
		body = append(body, byte(b))
	}
	target := "/"
	if p.Timeout != nil {
		target += "?timeout=" + url.QueryEscape(*p.Timeout)
	}
	incoming := httptest.NewRequest(http.MethodPost, target, bytes.NewReader(body))
	if len(body) == 0 {
		// What net/http gives for a request without a body.
		incoming.Body = http.NoBody
	}
	switch {
	case p.ContentType == nil:
		incoming.Header.Set("Content-Type", "application/json")
	case *p.ContentType != "":
		incoming.Header.Set("Content-Type", *p.ContentType)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.lookups, c.cancel = []string{}, nil
	if cancelled {
		c.cancel = cancel
	}
	r.Reset()
	defer func() {
		// net/http drops the connection of a handler that panics.
		if recover() != nil {
			out = posted{Panic: true}
		}
		out.Metrics, out.Lookups = r.counted(), c.lookups
	}()
	outgoing := httptest.NewRecorder()
	s.HandleValidate(outgoing, incoming.WithContext(ctx))
	if outgoing.Code != http.StatusOK {
		return posted{HTTP: outgoing.Code, Text: outgoing.Body.String()}
	}
	var review struct {
		Response json.RawMessage `json:"response"`
	}
	if err := json.Unmarshal(outgoing.Body.Bytes(), &review); err != nil {
		log.Fatalf("%v: %s", err, outgoing.Body)
	}
	return posted{Response: review.Response}
}

// decode reads an object as clients do.
func decode(raw []byte, into any) {
	if err := utiljson.Unmarshal(raw, into); err != nil {
		log.Fatalf("%v: %s", err, raw)
	}
}

func encode(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	return encoded
}

func main() {
	// The webhook logs every panic and every request that it refuses.
	klog.SetLogger(logr.Discard())
	counters := newRecorder()
	frame.Serve(func(bytes []byte) []byte {
		var r request
		if err := json.Unmarshal(bytes, &r); err != nil {
			log.Fatalf("%v: %s", err, bytes)
		}
		c := newCluster(r)
		s, err := setUp(r.Configuration, c, counters)
		if err != nil {
			return encode(answer{ConfigurationError: err.Error()})
		}
		var out answer
		for _, p := range r.Posts {
			out.Answers = append(out.Answers, send(s, c, counters, p, r.Cancelled))
		}
		return encode(out)
	})
}
