// Command decode answers every request, a JSON text, with the fields of the corev1.Pod that the API machinery decodes
// from it, one line for each that the views of seawall-model hold, or with "error: " and why it is refused.
package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"

	"seawall.dev/conformance/frame"
)

var securityContext = []string{"privileged", "allowPrivilegeEscalation", "capabilities", "procMount", "runAsNonRoot",
	"runAsUser", "seccompProfile", "appArmorProfile", "seLinuxOptions", "windowsOptions"}

var container = []string{"name", "ports", "securityContext", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"}

// The fields of each type that are viewed, by their JSON names and in the order of the answer.
var viewed = map[reflect.Type][]string{
	reflect.TypeFor[corev1.Pod]():        {"metadata", "spec"},
	reflect.TypeFor[metav1.ObjectMeta](): {"name", "namespace", "annotations"},
	reflect.TypeFor[corev1.PodSpec]():    {"os", "hostNetwork", "hostPID", "hostIPC", "hostUsers", "runtimeClassName", "securityContext", "initContainers", "containers", "ephemeralContainers", "volumes"},
	reflect.TypeFor[corev1.PodOS]():      {"name"},
	reflect.TypeFor[corev1.PodSecurityContext](): {"runAsNonRoot", "runAsUser", "seccompProfile", "appArmorProfile",
		"seLinuxOptions", "windowsOptions", "sysctls"},
	reflect.TypeFor[corev1.SeccompProfile]():                {"type", "localhostProfile"},
	reflect.TypeFor[corev1.AppArmorProfile]():               {"type", "localhostProfile"},
	reflect.TypeFor[corev1.SELinuxOptions]():                {"user", "role", "type"},
	reflect.TypeFor[corev1.WindowsSecurityContextOptions](): {"hostProcess"},
	reflect.TypeFor[corev1.Sysctl]():                        {"name"},
	reflect.TypeFor[corev1.Container]():                     container,
	reflect.TypeFor[corev1.EphemeralContainer]():            container,
	reflect.TypeFor[corev1.ContainerPort]():                 {"containerPort", "hostPort"},
	reflect.TypeFor[corev1.SecurityContext]():               securityContext,
	reflect.TypeFor[corev1.Capabilities]():                  {"add", "drop"},
	reflect.TypeFor[corev1.Probe]():                         {"httpGet", "tcpSocket"},
	reflect.TypeFor[corev1.LifecycleHandler]():              {"httpGet", "tcpSocket"},
	reflect.TypeFor[corev1.HTTPGetAction]():                 {"host"},
	reflect.TypeFor[corev1.TCPSocketAction]():               {"host"},
	reflect.TypeFor[corev1.Lifecycle]():                     {"postStart", "preStop"},
}

func main() {
	frame.Serve(func(request []byte) []byte {
		var pod corev1.Pod
		if err := json.Unmarshal(request, &pod); err != nil {
			return []byte("error: " + err.Error())
		}
		var out strings.Builder
		dump(&out, "", reflect.ValueOf(pod))
		return []byte(out.String())
	})
}

// field returns the field with a JSON name, also one of an embedded struct.
func field(v reflect.Value, name string) reflect.Value {
	for _, f := range reflect.VisibleFields(v.Type()) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			return v.FieldByIndex(f.Index)
		}
	}
	panic(v.Type().String() + " has no field " + name)
}

func dump(out *strings.Builder, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fmt.Fprintf(out, "%s?\n", path)
			dump(out, path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			item := fmt.Sprintf("%s[%d]", path, i)
			fmt.Fprintf(out, "%s\n", item)
			dump(out, item, v.Index(i))
		}
	case reflect.Map:
		for _, key := range slices.Sorted(func(yield func(string) bool) {
			for _, k := range v.MapKeys() {
				if !yield(k.String()) {
					return
				}
			}
		}) {
			fmt.Fprintf(out, "%s[%q]=%q\n", path, key, v.MapIndex(reflect.ValueOf(key)).String())
		}
	case reflect.Struct:
		if volume, ok := v.Interface().(corev1.Volume); ok {
			dumpVolume(out, path, &volume)
			return
		}
		names, ok := viewed[v.Type()]
		if !ok {
			panic(v.Type().String() + " is not viewed")
		}
		for _, name := range names {
			dump(out, path+"."+name, field(v, name))
		}
	case reflect.String:
		fmt.Fprintf(out, "%s=%q\n", path, v.String())
	default:
		fmt.Fprintf(out, "%s=%v\n", path, v.Interface())
	}
}

func dumpVolume(out *strings.Builder, path string, volume *corev1.Volume) {
	fmt.Fprintf(out, "%s.name=%q\n", path, volume.Name)
	source := reflect.ValueOf(volume.VolumeSource)
	var set []string
	for i := range source.NumField() {
		if !source.Field(i).IsNil() {
			name, _, _ := strings.Cut(source.Type().Field(i).Tag.Get("json"), ",")
			set = append(set, name)
		}
	}
	slices.Sort(set)
	fmt.Fprintf(out, "%s sets %s\n", path, strings.Join(set, " "))
}
