// A TLS client and server on Go's crypto/tls that say in JSON what they negotiated.
//
//	peer get   URL AUTHORITY [groups=a,b] [max=1.2] [times=2] [fresh]
//	peer serve ADDRESS CHAIN KEY [groups=a,b] [max=1.2]
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

type account struct {
	Group    string `json:"group"`
	Version  string `json:"version"`
	Retry    bool   `json:"retry"`
	Resumed  bool   `json:"resumed"`
	Protocol string `json:"protocol"`
	Body     string `json:"body"`
}

var groups = map[string]tls.CurveID{
	"X25519MLKEM768":     tls.X25519MLKEM768,
	"SecP256r1MLKEM768":  tls.SecP256r1MLKEM768,
	"SecP384r1MLKEM1024": tls.SecP384r1MLKEM1024,
	"X25519":             tls.X25519,
	"secp256r1":          tls.CurveP256,
	"secp384r1":          tls.CurveP384,
}

func main() {
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: see the head of the file"))
	}
	switch os.Args[1] {
	case "get":
		get(os.Args[2], os.Args[3], os.Args[4:])
	case "serve":
		serve(os.Args[2], os.Args[3], os.Args[4], os.Args[5:])
	}
}

func get(url, authority string, options []string) {
	pem, err := os.ReadFile(authority)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := configure(options)
	config.RootCAs = roots
	config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	transport := &http.Transport{
		TLSClientConfig:   config,
		ForceAttemptHTTP2: true,
		DisableKeepAlives: has(options, "fresh"),
	}
	client := &http.Client{Transport: transport}
	times := 1
	if value := option(options, "times"); value != "" {
		fmt.Sscan(value, &times)
	}
	for range times {
		response, err := client.Get(url)
		check(err)
		body, err := io.ReadAll(response.Body)
		check(err)
		response.Body.Close()
		tell(account{Protocol: response.Proto, Body: string(body)}, *response.TLS)
	}
}

func serve(address, chain, key string, options []string) {
	config := configure(options)
	handler := func(writer http.ResponseWriter, request *http.Request) {
		told := account{Protocol: request.Proto}
		fill(&told, *request.TLS)
		check(json.NewEncoder(writer).Encode(told))
	}
	server := &http.Server{Addr: address, TLSConfig: config, Handler: http.HandlerFunc(handler)}
	check(server.ListenAndServeTLS(chain, key))
}

func configure(options []string) *tls.Config {
	config := &tls.Config{}
	if names := option(options, "groups"); names != "" {
		for _, name := range strings.Split(names, ",") {
			group, known := groups[name]
			if !known {
				fail(fmt.Errorf("unknown group %s", name))
			}
			config.CurvePreferences = append(config.CurvePreferences, group)
		}
	}
	if option(options, "max") == "1.2" {
		config.MaxVersion = tls.VersionTLS12
	}
	return config
}

func tell(told account, state tls.ConnectionState) {
	fill(&told, state)
	check(json.NewEncoder(os.Stdout).Encode(told))
}

func fill(told *account, state tls.ConnectionState) {
	told.Group = state.CurveID.String()
	told.Version = tls.VersionName(state.Version)
	told.Retry = state.HelloRetryRequest
	told.Resumed = state.DidResume
}

func option(options []string, name string) string {
	for _, option := range options {
		if value, found := strings.CutPrefix(option, name+"="); found {
			return value
		}
	}
	return ""
}

func has(options []string, name string) bool {
	for _, option := range options {
		if option == name {
			return true
		}
	}
	return false
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
