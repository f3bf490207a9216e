{{/*
Names. What is cluster-scoped carries the namespace as well, so that two
releases of one name do not collide. Too long is an error: a name that was cut
could be somebody else's.
*/}}
{{- define "countersign.fullname" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}
{{- $name = printf "%s-%s" $name .Chart.Name -}}
{{- end -}}
{{- $name = default $name .Values.fullnameOverride -}}
{{- if gt (len $name) 40 -}}
{{- fail (printf "%s is longer than 40 characters: set fullnameOverride" $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- define "countersign.injector" -}}
{{- include "countersign.fullname" . }}-injector
{{- end -}}

{{- define "countersign.clusterName" -}}
{{- include "countersign.injector" . }}-{{ .Release.Namespace }}
{{- end -}}

{{- define "countersign.serviceAccount" -}}
{{- default (include "countersign.injector" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The Secret with the webhook's certificate, whoever makes it. */}}
{{- define "countersign.certificateSecret" -}}
{{- if eq .Values.certificates.mode "selfManaged" -}}
{{ include "countersign.injector" . }}-certificates
{{- else if eq .Values.certificates.mode "certManager" -}}
{{ include "countersign.injector" . }}-tls
{{- else -}}
{{ .Values.certificates.existingSecret.name }}
{{- end -}}
{{- end -}}

{{- define "countersign.selectorLabels" -}}
app.kubernetes.io/name: countersign
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: injector
{{- end -}}

{{- define "countersign.commonLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: countersign
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "countersign.labels" -}}
{{ include "countersign.selectorLabels" . }}
{{ include "countersign.commonLabels" . }}
{{- end -}}

{{- define "countersign.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end -}}
{{- .Values.image.repository -}}
{{- if .Values.image.digest -}}
@{{ .Values.image.digest }}
{{- else -}}
:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/*
What the injector is told. Kubernetes reads $(NAME) in arguments as a variable,
so a `$(` of a value is written as `$$(`.
*/}}
{{- define "countersign.args" -}}
{{- $certificates := .Values.certificates -}}
{{- if eq (int .Values.ports.webhook) (int .Values.ports.admin) -}}
{{- fail "ports.webhook and ports.admin must differ" -}}
{{- end -}}
{{- $image := default (include "countersign.image" .) .Values.defaults.image -}}
{{- /* The image comes first: deploy/kustomize/overlays/registry finds it by its place. */ -}}
{{- $args := list "injector"
    (printf "--default=image=%s" $image)
    (printf "--listen=0.0.0.0:%d" (int .Values.ports.webhook))
    (printf "--admin-listen=0.0.0.0:%d" (int .Values.ports.admin))
    (printf "--log-format=%s" .Values.logFormat)
    (printf "--log-level=%s" .Values.logLevel)
-}}
{{- if eq $certificates.mode "selfManaged" -}}
{{- $args = concat $args (list
    (printf "--certificate-secret=%s" (include "countersign.certificateSecret" .))
    (printf "--service=%s" (include "countersign.injector" .))
    (printf "--certificate-lifetime=%s" $certificates.selfManaged.lifetime)
    (printf "--ca-lifetime=%s" $certificates.selfManaged.caLifetime)) -}}
{{- else -}}
{{- $args = concat $args (list
    "--tls-cert=/etc/countersign/tls/tls.crt"
    "--tls-key=/etc/countersign/tls/tls.key") -}}
{{- end -}}
{{- if eq $certificates.mode "existingSecret" -}}
{{- $args = append $args "--webhook-ca=/etc/countersign/tls/ca.crt" -}}
{{- end -}}
{{- /* With cert-manager its cainjector writes the caBundle. */ -}}
{{- if ne $certificates.mode "certManager" -}}
{{- $args = append $args (printf "--webhook-configuration=%s" (include "countersign.clusterName" .)) -}}
{{- end -}}
{{- range $key, $value := omit .Values.defaults "image" -}}
{{- $args = append $args (printf "--default=%s=%s" $key $value) -}}
{{- end -}}
{{- range $args }}
- {{ replace "$(" "$$(" . | quote }}
{{- end }}
{{- end -}}
