// Package frame serves requests on standard input and answers on standard output: each a big-endian 32-bit length and
// that many bytes, answers in the order of the requests.
package frame

import (
	"bufio"
	"encoding/binary"
	"io"
	"log"
	"os"
)

// Serve answers every request with what handle returns, until standard input ends.
func Serve(handle func(request []byte) []byte) {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	var length [4]byte
	for {
		if in.Buffered() == 0 {
			out.Flush()
		}
		if _, err := io.ReadFull(in, length[:]); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		request := make([]byte, binary.BigEndian.Uint32(length[:]))
		if _, err := io.ReadFull(in, request); err != nil {
			log.Fatal(err)
		}
		answer := handle(request)
		binary.BigEndian.PutUint32(length[:], uint32(len(answer)))
		out.Write(length[:])
		out.Write(answer)
	}
}
