// Command images answers every image reference with its parts as the kubelet reads them: registry, repository, tag and
// digest, one a line; or with "error".
package main

import (
	// The digests that the kubelet knows.
	_ "crypto/sha256"
	_ "crypto/sha512"
	"strings"

	"github.com/distribution/reference"

	"seawall.dev/conformance/frame"
)

func parts(text string) string {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return "error"
	}
	var tag, digest string
	if tagged, ok := named.(reference.Tagged); ok {
		tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		digest = digested.Digest().String()
	}
	return strings.Join([]string{reference.Domain(named), reference.Path(named), tag, digest}, "\n")
}

func main() {
	frame.Serve(func(request []byte) []byte { return []byte(parts(string(request))) })
}
