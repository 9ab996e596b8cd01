variable "projects" {
  description = "IDs of the projects with migration jobs; the service account is made in the first."
  type        = list(string)
  validation {
    condition     = length(var.projects) > 0
    error_message = "Name at least one project."
  }
}

variable "leave_out" {
  description = "Verbs that the bot must not be able to use, for example [\"delete\", \"restart\"]."
  type        = set(string)
  default     = []
  validation {
    condition = alltrue([for verb in var.leave_out : contains([
      "start", "stop", "resume", "restart", "promote", "demote", "verify", "delete", "edit", "cancel", "script",
    ], verb)])
    error_message = "Name verbs of the bot that change something, such as delete or demote."
  }
}

variable "kubernetes_service_account" {
  description = "On GKE, NAMESPACE/NAME of the Kubernetes service account that acts as the bot's: \"dms-bot/dms-bot\" in the guide."
  type        = string
  default     = ""
}

variable "cluster_project" {
  description = "ID of the project with the GKE cluster, where that is not the first of the projects."
  type        = string
  default     = ""
}
