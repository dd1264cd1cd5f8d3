{{- define "onetrigger.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "onetrigger.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* The full name with a suffix, at most 63 characters together: (list . "config"). */}}
{{- define "onetrigger.named" -}}
{{- $suffix := index . 1 }}
{{- printf "%s-%s" (include "onetrigger.fullname" (index . 0) | trunc (sub 62 (len $suffix) | int) | trimSuffix "-") $suffix }}
{{- end }}

{{/* What finds the objects of a release; never changes, for a Deployment's selector cannot. */}}
{{- define "onetrigger.instanceLabels" -}}
app.kubernetes.io/name: {{ include "onetrigger.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What finds the pods that run OneTrigger, and not that of `helm test`. */}}
{{- define "onetrigger.selectorLabels" -}}
{{ include "onetrigger.instanceLabels" . }}
app.kubernetes.io/component: bridge
{{- end }}

{{/* Those of a pod: without the chart's version, so that a chart that only says the same otherwise restarts nothing. */}}
{{- define "onetrigger.podLabels" -}}
{{ include "onetrigger.instanceLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | trunc 63 | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "onetrigger.labels" -}}
{{ include "onetrigger.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "onetrigger.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "onetrigger.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "onetrigger.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
onetrigger.yaml as it is mounted. `store` and `http` are filled in here and not in values.yaml: Helm merges maps, so that options of one type of
store would stay behind where another type is chosen.
*/}}
{{- define "onetrigger.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if not $config.store }}
{{- $_ := set $config "store" (dict "type" "sqlite" "path" "/var/lib/onetrigger/onetrigger.db") }}
{{- end }}
{{- if not $config.http }}
{{- $_ := set $config "http" (dict "listen" "0.0.0.0:8080") }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{- define "onetrigger.storeType" -}}
{{- (include "onetrigger.config" . | fromYaml).store.type }}
{{- end }}

{{- define "onetrigger.listen" -}}
{{- (include "onetrigger.config" . | fromYaml).http.listen }}
{{- end }}

{{- define "onetrigger.port" -}}
{{- include "onetrigger.listen" . | regexFind "[0-9]+$" }}
{{- end }}

{{/* "true" where the chart makes a claim. */}}
{{- define "onetrigger.makesClaim" -}}
{{- if and (eq (include "onetrigger.storeType" .) "sqlite") .Values.persistence.enabled (not .Values.persistence.existingClaim) }}true{{ end }}
{{- end }}

{{/* Refuses what the schema cannot see, and, for those who skip the schema, what must never run. */}}
{{- define "onetrigger.refuse" -}}
{{- $store := (include "onetrigger.config" . | fromYaml).store }}
{{- if not .Values.config.triggers }}
{{- fail "config.triggers is empty, so nothing would be watched: put your onetrigger.yaml below `config`. See the chart's README." }}
{{- end }}
{{- if and (gt (int .Values.replicaCount) 1) (ne $store.type "postgres") }}
{{- fail (printf "replicaCount is %d, but config.store.type is %s, which belongs to one process. Set replicaCount to 1, or use a store of type postgres, which replicas share." (int .Values.replicaCount) $store.type) }}
{{- end }}
{{- if and (eq $store.type "sqlite") (not (hasPrefix "/var/lib/onetrigger/" $store.path)) }}
{{- fail (printf "config.store.path is %s: it must be below /var/lib/onetrigger, where the volume is." $store.path) }}
{{- end }}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\]:)" (include "onetrigger.listen" .) }}
{{- fail (printf "config.http.listen is %s, which only the pod itself can reach: probes and metrics need 0.0.0.0 (or [::]) as the host." (include "onetrigger.listen" .)) }}
{{- end }}
{{- end }}

{{/* What every container of OneTrigger has: its environment, its files, its rights. */}}
{{- define "onetrigger.container" -}}
image: {{ include "onetrigger.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
env:
  # For commands inside: `kubectl exec deploy/… -- onetrigger deliveries list`.
  - name: ONETRIGGER_CONFIG
    value: /etc/onetrigger/onetrigger.yaml
  # The image has a value of its own, which would win over the file.
  - name: ONETRIGGER_LISTEN
    value: {{ include "onetrigger.listen" . | quote }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - name: config
    mountPath: /etc/onetrigger
    readOnly: true
  {{- if .Values.existingSecret }}
  - name: secrets
    mountPath: /run/secrets/onetrigger
    readOnly: true
  {{- end }}
  - name: state
    mountPath: /var/lib/onetrigger
  - name: tmp
    mountPath: /tmp
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The volumes but for `state`, which only the Deployment keeps. */}}
{{- define "onetrigger.volumes" -}}
- name: config
  configMap:
    name: {{ include "onetrigger.named" (list . "config") }}
{{- with .Values.existingSecret }}
- name: secrets
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
- name: tmp
  emptyDir: {}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What the pods of the Deployment and of `helm test` have in common. */}}
{{- define "onetrigger.pod" -}}
serviceAccountName: {{ include "onetrigger.serviceAccountName" . }}
automountServiceAccountToken: false
# A Service named onetrigger would put ONETRIGGER_PORT=tcp://… and the like into the environment.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
