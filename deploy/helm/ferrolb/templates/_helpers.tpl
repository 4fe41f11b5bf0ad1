{{/* What every object of the chart carries beside the labels it shares with the plain manifests. */}}
{{- define "ferrolb.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of a component: dict "root" "component". MetalLB's manifest and its chart each know their half. */}}
{{- define "ferrolb.componentLabels" -}}
app: metallb
component: {{ . }}
app.kubernetes.io/name: metallb
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "ferrolb.serviceAccountName" -}}
{{- $values := index .root.Values .component -}}
{{- $values.serviceAccount.name | default .component -}}
{{- end }}

{{- define "ferrolb.secretName" -}}
{{- .Values.speaker.secretName | default "memberlist" -}}
{{- end }}

{{/* A file that the plain manifests use too, for this namespace. */}}
{{- define "ferrolb.file" -}}
{{- .root.Files.Get .path | replace "metallb-system" .root.Release.Namespace -}}
{{- end }}

{{- define "ferrolb.image" -}}
{{- printf "%s:%s" .image.repository (.image.tag | default .root.Chart.AppVersion | toString) -}}
{{- end }}

{{/* httpGet probe: dict "probe" "path" "host". */}}
{{- define "ferrolb.probe" -}}
httpGet:
  {{- with .host }}
  host: {{ . }}
  {{- end }}
  path: {{ .path }}
  port: {{ .port }}
initialDelaySeconds: {{ .probe.initialDelaySeconds }}
periodSeconds: {{ .probe.periodSeconds }}
timeoutSeconds: {{ .probe.timeoutSeconds }}
successThreshold: {{ .probe.successThreshold }}
failureThreshold: {{ .probe.failureThreshold }}
{{- end }}

{{/* Arguments of both daemons: dict "root" "component". */}}
{{- define "ferrolb.args" -}}
{{- $v := .root.Values -}}
{{- $c := index $v .component -}}
- {{ .component }}
- --port={{ $v.prometheus.metricsPort }}
- --log-level={{ $c.logLevel }}
{{- if ne (int $c.livenessProbe.port) 17472 }}
- --health-probe-port={{ $c.livenessProbe.port }}
{{- end }}
{{- with $v.loadBalancerClass }}
- --lb-class={{ . }}
{{- end }}
{{- with $v.tls.minVersion }}
- --tls-min-version={{ . }}
{{- end }}
{{- with $v.tls.cipherSuites }}
- --tls-cipher-suites={{ . }}
{{- end }}
{{- with $v.tls.curvePreferences }}
- --tls-curve-preferences={{ . }}
{{- end }}
{{- if index $v.tls (printf "%sMetricsTLSSecret" .component) }}
- --metrics-cert-dir=/etc/metrics
{{- end }}
{{- end }}

{{/* metadata.annotations of a Pod: dict "root" "component". */}}
{{- define "ferrolb.podAnnotations" -}}
{{- $c := index .root.Values .component -}}
{{- if .root.Values.prometheus.scrapeAnnotations }}
prometheus.io/scrape: "true"
prometheus.io/scheme: https
prometheus.io/port: {{ .root.Values.prometheus.metricsPort | quote }}
{{- end }}
{{- with $c.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
