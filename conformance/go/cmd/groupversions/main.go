// Command groupversions answers every apiVersion with the group and the version that the API machinery reads in it, one a line;
// or with "error".
package main

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"seawall.dev/conformance/frame"
)

func main() {
	frame.Serve(func(request []byte) []byte {
		read, err := schema.ParseGroupVersion(string(request))
		if err != nil {
			return []byte("error")
		}
		return []byte(read.Group + "\n" + read.Version)
	})
}
