package e2e

// The manifests of the tests; NAMESPACE stands for the test's own.

// shop is a deployment of two containers with an init container, a service, and a bare pod.
const shop = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: NAMESPACE, labels: {app: cart, stage: test}}
spec:
  replicas: 3
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      initContainers: [{name: setup, image: example.invalid/setup:1}]
      containers: [{name: cart, image: example.invalid/cart:1}, {name: logs, image: example.invalid/logs:1}]
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: NAMESPACE, labels: {app: cart}}
spec: {selector: {app: cart}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: toolbox, namespace: NAMESPACE, labels: {app: toolbox}}
spec:
  containers: [{name: shell, image: example.invalid/shell:1}]
`

// more is another deployment with a service.
const more = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: mail, namespace: NAMESPACE, labels: {app: mail}}
spec:
  replicas: 2
  selector: {matchLabels: {app: mail}}
  template:
    metadata: {labels: {app: mail}}
    spec:
      containers: [{name: mail, image: example.invalid/mail:1}]
---
apiVersion: v1
kind: Service
metadata: {name: mail, namespace: NAMESPACE}
spec: {clusterIP: None, selector: {app: mail}, ports: [{port: 25}]}
`

const oddShapes = `
# Owners that are no components yet.
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: NAMESPACE}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers: [{name: agent, image: example.invalid/agent:1}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: NAMESPACE}
spec:
  replicas: 2
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers: [{name: store, image: example.invalid/store:1}]
---
# A service over the pods of two owners, one that selects nothing, one that is only a name.
apiVersion: v1
kind: Service
metadata: {name: store, namespace: NAMESPACE}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: store}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody, namespace: NAMESPACE}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere, namespace: NAMESPACE}
spec: {type: ExternalName, externalName: db.example.invalid}
---
# A replica set of nobody, and labels that collide with the tags every component has.
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: lonely, namespace: NAMESPACE, labels: {namespace: other, cluster-name: other, component-type: x}}
spec:
  replicas: 1
  selector: {matchLabels: {app: lonely}}
  template:
    metadata: {labels: {app: lonely, cluster-type: other, service-account: other}}
    spec:
      containers: [{name: lonely, image: example.invalid/lonely:1}]
---
apiVersion: v1
kind: Pod
metadata:
  name: by-hand.with-dots
  namespace: NAMESPACE
  labels: {app: by-hand, example.com/odd_Key: "", upper: CASE}
spec:
  containers: [{name: x, image: example.invalid/x:1}]
---
# Its nodes do not exist: never scheduled, so no containers.
apiVersion: v1
kind: Pod
metadata: {name: waiting, namespace: NAMESPACE}
spec:
  schedulingGates: [{name: example.com/never}]
  containers: [{name: x, image: example.invalid/x:1}]
---
# Endpoints by hand, as some operators write them.
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: by-hand, namespace: NAMESPACE, labels: {kubernetes.io/service-name: nobody}}
addressType: IPv4
ports: [{port: 80}]
endpoints:
  - {addresses: [10.9.9.9], targetRef: {kind: Pod, namespace: NAMESPACE, name: by-hand.with-dots}}
  - {addresses: [10.9.9.10], conditions: {ready: false}, targetRef: {kind: Pod, namespace: NAMESPACE, name: waiting}}
  - {addresses: [10.9.9.11], targetRef: {kind: Pod, namespace: NAMESPACE, name: never-was}}
  - {addresses: [10.9.9.12], targetRef: {kind: Node, name: fake-1}}
  - {addresses: [10.9.9.13]}
`
