// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Names the programs of Kubernetes that the tests use, so that `go mod tidy` keeps what they need.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
