output "service_account" {
  description = "The e-mail address of the bot's service account."
  value       = google_service_account.bot.email
}
