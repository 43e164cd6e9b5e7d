// Command typesonly makes what gowsdl generates usable here: it reads a generated file
// and the WSDL that it came from, and rewrites the file with the message types alone.
//
//	go run ./internal/typesonly client.wsdl clientws/messages.go
//
// It drops the client, its runtime package and the JSON tags, and corrects the types:
//
//   - base64Binary is xsd.Base64 and dateTime is xsd.DateTime; encoding/xml writes a
//     []byte as it is, and gowsdl's own time loses the year 1;
//   - fields are omitted when empty only where the WSDL says minOccurs="0", and items of
//     lists never are;
//   - fields of simple types are values rather than pointers;
//   - fields are named for their elements and exported, also for int and string;
//   - documentation of the WSDL becomes comments.
//
// Its output depends on nothing but the two files.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: typesonly file.wsdl generated.go")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "typesonly:", err)
		os.Exit(1)
	}
}

func run(wsdlPath, goPath string) error {
	s, err := readSchema(wsdlPath)
	if err != nil {
		return err
	}
	src, err := os.ReadFile(goPath)
	if err != nil {
		return err
	}
	out, err := rewrite(src, s)
	if err != nil {
		return fmt.Errorf("rewrite %s: %w", goPath, err)
	}
	return os.WriteFile(goPath, out, 0o644)
}
