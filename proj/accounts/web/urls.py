from django.urls import path

from proj.accounts.web import session_pages, views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-in/link/", views.Link.as_view(), name="link"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("password/", views.Password.as_view(), name="password"),
    path("sessions/", session_pages.Sessions.as_view(), name="sessions"),
    path("sessions/<int:number>/end/", session_pages.EndSession.as_view(), name="end-session"),
    path("sessions/others/end/", session_pages.EndOtherSessions.as_view(), name="end-other-sessions"),
]
