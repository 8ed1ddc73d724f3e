module seawall.dev/conformance/frame

go 1.26.0
