// A receiver app to stand behind a guard: prints what it gets and answers.
//
//	go run examples/receiver.go --listen 127.0.0.1:3000
//
// It verifies nothing: whatever reaches it through the guard was verified.
// --answer 500 shows that a delivery which the app refused is let through
// again. Needs nothing but Go's standard library.
//
// Where others can reach the app too, --attest-secret-file FILE has it take
// only what carries the guard's proof.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3000", "where to listen, as `ADDRESS:PORT`")
	answer := flag.Int("answer", http.StatusNoContent, "the `STATUS` of every answer")
	secretFile := flag.String("attest-secret-file", "", "take only what the guard proves under the secret in this `FILE`")
	flag.Parse()

	app := &receiver{answer: *answer}
	if *secretFile != "" {
		proof, err := proofUnder(*secretFile)
		if err != nil {
			log.Fatalf("--attest-secret-file %s: %v", *secretFile, err)
		}
		app.proof = proof
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatalf("--listen %s: %v", *listen, err)
	}
	fmt.Printf("receiver: listening on %s, answering %d\n", listener.Addr(), *answer)
	log.Fatal(http.Serve(listener, app))
}

type receiver struct {
	answer int
	proof  *proof
}

func (app *receiver) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, bodyBytesMax))
	if err != nil {
		fmt.Printf("receiver: %v\n", err)
		writer.WriteHeader(http.StatusBadRequest)
		return
	}
	lines := []string{"", request.Method + " " + request.URL.RequestURI()}
	lines = append(lines, fieldsOfTheGuard(request.Header)...)
	answer := app.answer
	if app.proof != nil {
		found := "holds"
		if !app.proof.holds(request.Header, body, time.Now()) {
			found, answer = "refused", http.StatusUnauthorized
		}
		lines = append(lines, "  proof of the guard: "+found)
	}
	shown := body
	if len(shown) > bodyBytesShown {
		shown = shown[:bodyBytesShown]
	}
	lines = append(lines,
		fmt.Sprintf("  sha256: %x", sha256.Sum256(body)),
		fmt.Sprintf("  %d bytes: %q", len(body), shown))
	fmt.Println(strings.Join(lines, "\n"))
	writer.WriteHeader(answer)
}

func fieldsOfTheGuard(header http.Header) []string {
	var lines []string
	for name, values := range header {
		if name := strings.ToLower(name); strings.HasPrefix(name, "countersign-") {
			lines = append(lines, fmt.Sprintf("  %s: %s", name, strings.Join(values, ", ")))
		}
	}
	sort.Strings(lines)
	return lines
}

// What the guard signs with --attest-secret-file: Standard Webhooks, under
// other names. A library for Standard Webhooks does the same once the three
// fields are renamed to Webhook-Id, Webhook-Timestamp and Webhook-Signature.
type proof struct{ key []byte }

func proofUnder(path string) (*proof, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	secret := strings.TrimPrefix(strings.TrimRight(string(file), "\r\n"), "whsec_")
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil || len(key) == 0 {
		// What was wrong with it would say some of it.
		return nil, fmt.Errorf("expected whsec_ and base64")
	}
	return &proof{key}, nil
}

func (proof *proof) holds(header http.Header, body []byte, now time.Time) bool {
	id := header.Get("Countersign-Attest-Id")
	timestamp := header.Get("Countersign-Attest-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return false
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return false
	}
	mac := hmac.New(sha256.New, proof.key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(body)
	expected := mac.Sum(nil)
	// While the secret rotates there is one for each.
	for _, signature := range strings.Fields(header.Get("Countersign-Attest-Signature")) {
		given, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(signature, "v1,"))
		if err == nil && strings.HasPrefix(signature, "v1,") && hmac.Equal(given, expected) {
			return true
		}
	}
	return false
}

const (
	tolerance = 5 * time.Minute

	// The guard lets through less than this; the bound is for a receiver that is reached without one.
	bodyBytesMax = 32 << 20

	bodyBytesShown = 200
)
