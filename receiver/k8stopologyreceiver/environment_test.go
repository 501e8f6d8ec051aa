package k8stopologyreceiver

import "os"

// The generated lifecycle tests start the receiver as if in a pod. Nothing listens at this address;
// the receiver has to live with that.
func init() {
	_ = os.Setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
	_ = os.Setenv("KUBERNETES_SERVICE_PORT", "1")
}
