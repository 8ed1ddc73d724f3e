// Command quantities answers texts, separated by zero bytes, with their values as the API server reads them, one a line:
// digits and an exponent, or "error". Of two good texts it also says how the first compares with the second.
package main

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"seawall.dev/conformance/frame"
)

func value(q resource.Quantity) string {
	dec := q.AsDec()
	digits := dec.UnscaledBig().String()
	short := strings.TrimRight(digits, "0")
	if short == "" {
		return "0"
	}
	exponent := -int64(dec.Scale()) + int64(len(digits)-len(short))
	if exponent == 0 {
		return short
	}
	return short + "e" + strconv.FormatInt(exponent, 10)
}

func answer(texts []string) string {
	var lines []string
	var good []resource.Quantity
	for _, text := range texts {
		q, err := resource.ParseQuantity(text)
		if err != nil {
			lines = append(lines, "error")
			continue
		}
		good = append(good, q)
		lines = append(lines, value(q.DeepCopy())+" "+strconv.Itoa(q.Sign()))
	}
	if len(texts) == 2 && len(good) == 2 {
		lines = append(lines, strconv.Itoa(good[0].Cmp(good[1])))
	}
	return strings.Join(lines, "\n")
}

func main() {
	frame.Serve(func(request []byte) []byte { return []byte(answer(strings.Split(string(request), "\x00"))) })
}
