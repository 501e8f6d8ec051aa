package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

// account is a service account whose rights a test changes.
type account struct {
	t    *testing.T
	name string // also of its role and its binding
}

// accountNamespace is where the accounts live: not in one that a test counts.
const accountNamespace = "default"

// replicaSets is the resource that tests withhold.
const replicaSets = "replicasets"

// readable are the resources a collector reads, by API group, but for those a test withholds.
var readable = map[string][]string{
	"":                 {"namespaces", "nodes", "pods", "services"},
	"apps":             {"deployments"},
	"discovery.k8s.io": {"endpointslices"},
}

// newAccount makes a service account that may do nothing yet.
func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{t, fmt.Sprintf("collector-%06x", rand.Uint32N(1<<24))}
	ctx, object := t.Context(), metav1.ObjectMeta{Name: a.name}
	kube, create := suite.kube, metav1.CreateOptions{}
	t.Cleanup(a.remove)
	_, err := kube.CoreV1().ServiceAccounts(accountNamespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: object}, create)
	require.NoError(t, err)
	_, err = kube.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: object}, create)
	require.NoError(t, err)
	_, err = kube.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: object,
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: a.name, Namespace: accountNamespace}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: a.name},
	}, create)
	require.NoError(t, err)
	return a
}

func (a *account) remove() {
	ctx, kube, options := context.WithoutCancel(a.t.Context()), suite.kube, metav1.DeleteOptions{}
	assert.NoError(a.t, kube.RbacV1().ClusterRoleBindings().Delete(ctx, a.name, options))
	assert.NoError(a.t, kube.RbacV1().ClusterRoles().Delete(ctx, a.name, options))
	assert.NoError(a.t, kube.CoreV1().ServiceAccounts(accountNamespace).Delete(ctx, a.name, options))
}

// allow sets the account's rights: to read everything a collector wants, and in the group apps also
// the given resources.
func (a *account) allow(apps ...string) {
	a.t.Helper()
	role, err := suite.kube.RbacV1().ClusterRoles().Get(a.t.Context(), a.name, metav1.GetOptions{})
	require.NoError(a.t, err)
	role.Rules = nil
	for group, resources := range readable {
		if group == "apps" {
			resources = append(apps, resources...)
		}
		role.Rules = append(role.Rules, rbacv1.PolicyRule{
			APIGroups: []string{group}, Resources: resources, Verbs: []string{"get", "list", "watch"},
		})
	}
	_, err = suite.kube.RbacV1().ClusterRoles().Update(a.t.Context(), role, metav1.UpdateOptions{})
	require.NoError(a.t, err)
	a.inForce(slices.Contains(apps, replicaSets))
}

// inForce waits until the API server lets the account list replica sets, or does not any more: it
// learns of roles as others do, by watching.
func (a *account) inForce(want bool) {
	a.t.Helper()
	question := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:               "system:serviceaccount:" + accountNamespace + ":" + a.name,
		ResourceAttributes: &authorizationv1.ResourceAttributes{Group: "apps", Resource: replicaSets, Verb: "list"},
	}}
	require.NoError(a.t, harness.Eventually(a.t.Context(), patience, func() error {
		answer, err := suite.kube.AuthorizationV1().SubjectAccessReviews().Create(a.t.Context(), question, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if answer.Status.Allowed != want {
			return fmt.Errorf("listing replica sets: allowed is %t, want %t", answer.Status.Allowed, want)
		}
		return nil
	}))
}

// kubeconfig returns a file with which the account accesses the cluster.
func (a *account) kubeconfig() string {
	a.t.Helper()
	token, err := suite.kube.CoreV1().ServiceAccounts(accountNamespace).CreateToken(
		a.t.Context(), a.name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	require.NoError(a.t, err)
	config, err := clientcmd.LoadFromFile(suite.kube.Kubeconfig)
	require.NoError(a.t, err)
	config.AuthInfos = map[string]*clientcmdapi.AuthInfo{a.name: {Token: token.Status.Token}}
	config.Contexts[config.CurrentContext].AuthInfo = a.name
	file := filepath.Join(a.t.TempDir(), "kubeconfig")
	require.NoError(a.t, clientcmd.WriteToFile(*config, file))
	return file
}
