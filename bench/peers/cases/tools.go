//go:build tools
package cases
import _ "github.com/zricethezav/gitleaks/v8/cmd/generate/config/rules"
