{{- define "stackscaler.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- end }}

{{- define "stackscaler.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Of ("component" and the root): the labels of an object. */}}
{{- define "stackscaler.labels" -}}
{{ include "stackscaler.selectorLabels" .root }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "stackscaler.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "stackscaler.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "stackscaler.tokenSecret" -}}
{{- default (printf "%s-api" (include "stackscaler.fullname" .)) .Values.api.existingSecret }}
{{- end }}

{{- define "stackscaler.stacksVolume" -}}
{{- if .Values.stacks.volume }}{{ toYaml .Values.stacks.volume }}
{{- else }}persistentVolumeClaim:
  claimName: {{ default (printf "%s-stacks" (include "stackscaler.fullname" .)) .Values.stacks.existingClaim }}
{{- end }}
{{- end }}
