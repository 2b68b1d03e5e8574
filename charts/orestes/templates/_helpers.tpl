{{- define "orestes.name" -}}
{{- if contains "orestes" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ .Release.Name | trunc 32 | trimSuffix "-" }}-orestes{{ end }}
{{- end }}

{{/* dict root, component: what a Service, a Deployment and a NetworkPolicy select by */}}
{{- define "orestes.selector" -}}
app.kubernetes.io/name: orestes
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "orestes.labels" -}}
{{ include "orestes.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* dict root, component */}}
{{- define "orestes.metadata" -}}
name: {{ include "orestes.name" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace | quote }}
labels: {{- include "orestes.labels" . | nindent 2 }}
{{- end }}

{{/* Of things outside namespaces: two releases may have the same name. */}}
{{- define "orestes.clusterWide" -}}
name: {{ .root.Release.Namespace }}-{{ include "orestes.name" .root }}-{{ .component }}
labels: {{- include "orestes.labels" . | nindent 2 }}
{{- end }}

{{/* list root, image */}}
{{- define "orestes.image" -}}
{{- $root := index . 0 }}{{ $image := index . 1 -}}
{{- if $image.digest }}{{ $image.repository }}@{{ $image.digest }}{{ else }}{{ $image.repository }}:{{ $image.tag | default $root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "orestes.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The user's number: pods of images that have users of their own run as these. */}}
{{- define "orestes.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "orestes.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* dict root, component: replicas rather on different nodes than on one */}}
{{- define "orestes.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "orestes.selector" . | nindent 8 }}
{{- end }}

{{- define "orestes.databaseSecret" -}}
{{ if .Values.postgresql.bundled }}{{ include "orestes.name" . }}-postgresql{{ else }}{{ .Values.postgresql.secret }}{{ end }}
{{- end }}

{{- define "orestes.storeSecret" -}}
{{ if .Values.store.bundled }}{{ include "orestes.name" . }}-store{{ else }}{{ .Values.store.secret }}{{ end }}
{{- end }}

{{- define "orestes.firstKeySecret" -}}
{{ .Values.api.firstKey.secret | default (printf "%s-first-key" (include "orestes.name" .)) }}
{{- end }}

{{/* list root, name of a Secret, key, value if there is none yet: an upgrade changes no password */}}
{{- define "orestes.kept" -}}
{{- $there := lookup "v1" "Secret" (index . 0).Release.Namespace (index . 1) -}}
{{- $old := index (($there).data | default dict) (index . 2) -}}
{{- if $old }}{{ $old | b64dec }}{{ else }}{{ index . 3 }}{{ end }}
{{- end }}

{{- define "orestes.apiUrl" -}}
http://{{ include "orestes.name" . }}-api.{{ .Release.Namespace }}.svc:7350
{{- end }}

{{/* What the operator reads; its own parser refuses what it does not know. */}}
{{- define "orestes.operatorFile" -}}
{{- with .Values.workers -}}
namespace: {{ $.Release.Namespace | quote }}
api: {{ include "orestes.apiUrl" $ }}
audience: {{ $.Values.audience | quote }}
admission: {{ $.Values.operator.admission }}
queues: {{- toYaml $.Values.operator.queues | nindent 2 }}
kueue:
  priorityClasses: {{- toYaml $.Values.kueue.priorityClasses | nindent 4 }}
ttlSeconds: {{ $.Values.operator.ttlSeconds | int64 }}
{{- if $.Values.operator.qps }}
qps: {{ $.Values.operator.qps }}
{{- end }}
election: {{- toYaml $.Values.operator.election | nindent 2 }}
pods:
  images:
    cpu: {{ include "orestes.image" (list $ $.Values.images.workerCpu) }}
    cuda: {{ include "orestes.image" (list $ $.Values.images.workerCuda) }}
  serviceAccount: {{ include "orestes.name" $ }}-worker
  storeSecret: {{ include "orestes.storeSecret" $ | quote }}
  graceSeconds: {{ .graceSeconds | int64 }}
  gpuResource: {{ .gpuResource }}
  gpuProductLabel: {{ .gpuProductLabel | quote }}
  {{- with .runtimeClass }}
  runtimeClass: {{ . | quote }}
  {{- end }}
  {{- with .priorityClass }}
  priorityClass: {{ . | quote }}
  {{- end }}
  nodeSelector: {{- toYaml .nodeSelector | nindent 4 }}
  tolerations: {{- toYaml .tolerations | nindent 4 }}
  imagePullSecrets: {{- toYaml $.Values.images.pullSecrets | nindent 4 }}
  env: {{- toYaml .env | nindent 4 }}
  annotations: {{- toYaml .annotations | nindent 4 }}
{{- end }}
{{- end }}
