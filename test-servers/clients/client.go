// Go's net/http as a client: one line for each thing that it did, "name: result".
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"sync"
	"time"
)

const size = 1_000_000

var base = os.Args[1]

var client = &http.Client{
	Timeout: 30 * time.Second,
	Transport: &http.Transport{
		ExpectContinueTimeout: 20 * time.Second,
		MaxIdleConnsPerHost:   50,
		TLSClientConfig:       &tls.Config{RootCAs: trusted(os.Args[2])},
		ForceAttemptHTTP2:     true,
	},
}

// What the authority in the file has signed.
func trusted(file string) *x509.CertPool {
	pool := x509.NewCertPool()
	pem, _ := os.ReadFile(file)
	pool.AppendCertsFromPEM(pem)
	return pool
}

func main() {
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(i * 31)
	}
	say("get", text("GET", "/hello"))
	say("head", text("HEAD", "/hello"))
	say("missing", text("GET", "/status/404"))
	say("length", echo(bytes.NewReader(body), body, ""))
	// A reader of unknown length: sent in chunks.
	say("chunked", echo(struct{ io.Reader }{bytes.NewReader(body)}, body, ""))
	say("expect", echo(bytes.NewReader(body), body, "100-continue"))
	say("early hints", hints())
	say("trailers", trailers())
	say("many", many())
	say("cancel", cancelled())
	say("after cancel", text("GET", "/hello"))
	request, _ := http.NewRequest("GET", base+"/hello", nil)
	response, _ := do(request)
	say("version", response.Proto)
}

func say(name string, result any) { fmt.Printf("%s: %v\n", name, result) }

func do(request *http.Request) (*http.Response, []byte) {
	response, err := client.Do(request)
	if err != nil {
		return &http.Response{Status: err.Error()}, nil
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return &http.Response{Status: err.Error()}, nil
	}
	return response, content
}

func text(method, path string) string {
	request, _ := http.NewRequest(method, base+path, nil)
	response, content := do(request)
	return fmt.Sprintf("%s %d", response.Status, len(content))
}

func echo(from io.Reader, body []byte, expect string) string {
	request, _ := http.NewRequest("POST", base+"/echo", from)
	if expect != "" {
		request.Header.Set("Expect", expect)
	}
	response, content := do(request)
	return fmt.Sprintf("%s %v", response.Status, bytes.Equal(content, body))
}

func hints() string {
	seen := []int{}
	request, _ := http.NewRequest("GET", base+"/early-hints", nil)
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		seen = append(seen, code)
		return nil
	}}
	response, _ := do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	return fmt.Sprintf("%v %s", seen, response.Status)
}

func trailers() string {
	request, _ := http.NewRequest("GET", base+"/trailers", nil)
	request.Header.Set("TE", "trailers")
	response, content := do(request)
	return fmt.Sprintf("%s %s %s", response.Status, content, response.Trailer.Get("X-Sum"))
}

// Reads the beginning of a response without an end.
func cancelled() string {
	end, cancel := context.WithCancel(context.Background())
	request, _ := http.NewRequestWithContext(end, "GET", base+"/endless", nil)
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	count, _ := io.ReadFull(response.Body, make([]byte, 100_000))
	cancel()
	response.Body.Close()
	return fmt.Sprintf("%s %d", response.Status, count)
}

func many() int {
	var group sync.WaitGroup
	var mutex sync.Mutex
	good := 0
	for i := 0; i < 50; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 10; j++ {
				if text("GET", "/hello") == "200 OK 5" {
					mutex.Lock()
					good++
					mutex.Unlock()
				}
			}
		}()
	}
	group.Wait()
	return good
}
