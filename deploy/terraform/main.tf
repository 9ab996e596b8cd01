# The service account, the custom role with the least permissions, and what binds them, in each project.
terraform {
  required_version = ">= 1.5"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 5.0"
    }
  }
}

locals {
  role     = yamldecode(file("${path.module}/../google/role.yaml"))
  apis     = ["datamigration.googleapis.com", "monitoring.googleapis.com"]
  pool     = "${var.cluster_project == "" ? var.projects[0] : var.cluster_project}.svc.id.goog"
  left_out = flatten([for verb in var.leave_out : local.permissions_of[verb]])
  # What a verb needs that changes something, and no other does.
  permissions_of = {
    start   = ["datamigration.migrationjobs.start"]
    stop    = ["datamigration.migrationjobs.stop"]
    resume  = ["datamigration.migrationjobs.resume"]
    restart = ["datamigration.migrationjobs.restart"]
    promote = ["datamigration.migrationjobs.promote"]
    demote  = ["datamigration.migrationjobs.demoteDestination"]
    verify  = ["datamigration.migrationjobs.verify"]
    delete  = ["datamigration.migrationjobs.delete"]
    edit    = ["datamigration.migrationjobs.update"]
    cancel  = ["datamigration.operations.cancel"]
    script  = ["datamigration.migrationjobs.generateSshScript", "datamigration.migrationjobs.generateTcpProxyScript"]
  }
}

resource "google_service_account" "bot" {
  project      = var.projects[0]
  account_id   = "dms-bot"
  display_name = "DMS bot"
}

resource "google_project_service" "api" {
  for_each           = { for pair in setproduct(var.projects, local.apis) : join("/", pair) => pair }
  project            = each.value[0]
  service            = each.value[1]
  disable_on_destroy = false
}

resource "google_project_iam_custom_role" "bot" {
  for_each    = toset(var.projects)
  project     = each.value
  role_id     = "dmsBot"
  title       = local.role.title
  description = local.role.description
  stage       = local.role.stage
  permissions = setsubtract(toset(local.role.includedPermissions), toset(local.left_out))
}

resource "google_project_iam_member" "bot" {
  for_each = toset(var.projects)
  project  = each.value
  role     = google_project_iam_custom_role.bot[each.value].name
  member   = google_service_account.bot.member
}

# On GKE, the Kubernetes service account acts as this one. Google refuses a pool of which no cluster is there yet:
# https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/issues/916
resource "google_service_account_iam_member" "workload" {
  count              = var.kubernetes_service_account == "" ? 0 : 1
  service_account_id = google_service_account.bot.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${local.pool}[${var.kubernetes_service_account}]"
}
