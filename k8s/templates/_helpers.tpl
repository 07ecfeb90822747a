{{/* Labels that select a pod, of a dictionary {root, name}. They never change. */}}
{{- define "kugel.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .name }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "kugel.labels" -}}
{{ include "kugel.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* The ports of the mesh by process: those that the program takes by itself. */}}
{{- define "kugel.ports" -}}
account: 8000
terminal: 8001
master-data: 8002
cart: 8003
report: 8004
journal: 8005
stock: 8006
{{- end }}

{{/* A value from the secret, of a dictionary {root, key}. */}}
{{- define "kugel.fromSecret" -}}
valueFrom:
  secretKeyRef:
    name: {{ .root.Values.secretName }}
    key: {{ .key }}
{{- end }}

{{/* The root secret, and those that are accepted besides while it is changed. */}}
{{- define "kugel.secrets" -}}
- name: SECRET_KEY
  {{- include "kugel.fromSecret" (dict "root" . "key" "secret-key") | nindent 2 }}
- name: SECRET_KEYS_ACCEPTED
  {{- include "kugel.fromSecret" (dict "root" . "key" "secret-keys-accepted") | nindent 2 }}
      optional: true
{{- end }}

{{/* The settings of every process. */}}
{{- define "kugel.settings" -}}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* How the gateway's port is protected, of the root. */}}
{{- define "kugel.https" -}}
{{- if .Values.service.httpsSecretName }}
- name: HTTPS_CERTIFICATE_FILE
  value: /etc/kugel/https/tls.crt
- name: HTTPS_KEY_FILE
  value: /etc/kugel/https/tls.key
{{- else }}
- name: ALLOW_PLAIN_HTTP
  value: "true"
{{- end }}
{{- end }}

{{/* What keeps a container small. */}}
{{- define "kugel.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "kugel.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}
