// Command gotext answers every request with strconv.Quote of it. With the argument "table" it prints the file
// crates/model/src/gotext/printable.rs instead, which holds what strconv.IsPrint knows (not yet formatted).
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"unicode"

	"seawall.dev/conformance/frame"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "table" {
		table()
		return
	}
	frame.Serve(func(request []byte) []byte { return []byte(strconv.Quote(string(request))) })
}

func table() {
	var changes []rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if strconv.IsPrint(r) != (len(changes)%2 == 1) {
			changes = append(changes, r)
		}
	}
	fmt.Println("//! Which code points strconv.IsPrint holds printable. Generated: `go run ./cmd/gotext table` in `conformance/go`")
	fmt.Printf("//! (%s, Unicode %s).\n\n", runtime.Version(), unicode.Version)
	fmt.Println("/// The code points at which the answer changes; those below the first are not printable.")
	fmt.Printf("pub(super) const CHANGES: [u32; %d] = [\n", len(changes))
	for _, r := range changes {
		fmt.Printf("0x%x,\n", r)
	}
	fmt.Println("];")
}
