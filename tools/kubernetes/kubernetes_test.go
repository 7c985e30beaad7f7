// Package kubernetes_test checks deploy/kubernetes.yaml. It is in the module of the tools,
// so that the server's module does not need the types of Kubernetes.
package kubernetes_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// TestStrict decodes every document: a field that Kubernetes does not know is an error, and
// what selects the pods selects them.
func TestStrict(t *testing.T) {
	file, err := os.Open("../../deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var deployment appsv1.Deployment
	var service corev1.Service
	var budget policyv1.PodDisruptionBudget
	targets := map[string]any{"Deployment": &deployment, "Service": &service, "PodDisruptionBudget": &budget}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(file))
	for {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(text, &kind); err != nil {
			t.Fatal(err)
		}
		target, ok := targets[kind.Kind]
		if !ok {
			t.Errorf("there is a %s too many", kind.Kind)
			continue
		}
		delete(targets, kind.Kind)
		if err := yaml.UnmarshalStrict(text, target); err != nil {
			t.Errorf("%s: %v", kind.Kind, err)
		}
	}
	for kind := range targets {
		t.Errorf("there is no %s", kind)
	}
	pod := deployment.Spec.Template
	for what, selector := range map[string]map[string]string{
		"the deployment": deployment.Spec.Selector.MatchLabels, "the service": service.Spec.Selector, "the budget": budget.Spec.Selector.MatchLabels,
	} {
		for name, value := range selector {
			if pod.Labels[name] != value {
				t.Errorf("%s selects %s=%s, and the pods have %q", what, name, value, pod.Labels[name])
			}
		}
	}
	c := pod.Spec.Containers[0]
	ports := map[string]int32{}
	for _, port := range c.Ports {
		ports[port.Name] = port.ContainerPort
	}
	var listen string
	for _, variable := range c.Env {
		if variable.Name == "DIALOGS_ADMIN_LISTEN" {
			listen = variable.Value
		}
	}
	if want := fmt.Sprintf("0.0.0.0:%d", ports["admin"]); listen != want || pod.Annotations["prometheus.io/port"] != fmt.Sprint(ports["admin"]) {
		t.Errorf("the admin listener is at %q, and metrics are asked for at %q, want %s", listen, pod.Annotations["prometheus.io/port"], want)
	}
	for want, probe := range map[string]*corev1.Probe{"/healthz": c.LivenessProbe, "/healthz ": c.StartupProbe, "/readyz": c.ReadinessProbe} {
		if get := probe.HTTPGet; get.Path != strings.TrimSpace(want) || get.Port.String() != "admin" {
			t.Errorf("a probe asks for %s at %s, want %s of the admin listener", get.Path, get.Port.String(), want)
		}
	}
	if port := service.Spec.Ports[0].TargetPort.String(); len(service.Spec.Ports) != 1 || port != "http" || ports[port] != 8080 {
		t.Errorf("clients reach the port %s", port)
	}
	if !slices.Contains(c.SecurityContext.Capabilities.Drop, "ALL") || *c.SecurityContext.AllowPrivilegeEscalation {
		t.Error("the container keeps capabilities")
	}
	if left := int(*deployment.Spec.Replicas) - budget.Spec.MinAvailable.IntValue(); left < 1 {
		t.Error("the budget lets no node be drained")
	}
}
