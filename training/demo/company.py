"""What the demo companies look like: names, seats, teams, quotas, rates. Plain data, no database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Company:
    """One demo tenant. Amounts of money are whole units of `currency`."""

    slug: str
    name: str
    language: str
    time_zone: str
    currency: str
    legal_entity: str
    country: str
    chief: str
    managers: tuple[tuple[str, str], ...]
    reps: tuple[tuple[str, ...], ...]
    partner: str
    customers: tuple[str, ...]
    products: tuple[tuple[str, str, int], ...]
    quarter_quota: int
    titles: tuple[str, str, str, str]
    # What the plan's texts and the calendar are called here, where that is not English: (English, own).
    words: tuple[tuple[str, str], ...] = ()
    areas: tuple[tuple[str, str], ...] = ()
    hold_reason: str = "The customer has not signed the acceptance yet"
    # A month's draw of a new seller, in whole units.
    draw: int = 0
    # Place of the product in `products` for each unit of which so many whole units are paid.
    spiff: tuple[int, int] = (0, 100)


NORTHWIND = Company(
    slug="northwind", name="Northwind Robotics", language="en", time_zone="America/New_York",
    currency="USD", legal_entity="Northwind Robotics Inc.", country="US",
    chief="Grace Okafor",
    managers=(("east", "Marcus Hale"), ("west", "Priya Raman"), ("emea", "Lena Brandt")),
    reps=(
        ("Ava Sinclair", "Ben Ortega", "Chloe Park", "Daniel Weiss", "Ella Novak", "Felix Moreau"),
        ("Hana Sato", "Isaac Cole", "Jade Lin", "Kofi Mensah", "Laura Diaz", "Mason Reed"),
        ("Nina Rossi", "Oscar Lund", "Petra Vogel", "Quentin Blanc", "Rosa Almeida", "Stefan Maier"),
    ),
    partner="Altair Integrators LLC",
    customers=("Brightwater Foods", "Calder Steel", "Dunmore Logistics", "Eastfield Pharma", "Fairview Motors", "Glenrock Mining",
               "Harbor Textiles", "Ironwood Paper",
               "Juniper Health", "Kestrel Aero", "Larkspur Retail", "Millbrook Dairy", "Norton Energy", "Oakhurst Plastics", "Pinecrest Labs", "Quarry Cement"),
    products=(("Arm 200", "robots", 38_000), ("Arm 500", "robots", 74_000), ("Cell controller", "control", 12_500), ("Vision kit", "vision", 9_800),
              ("Fleet software, year", "software", 24_000), ("Service plan, year", "service", 6_400)),
    quarter_quota=420_000, draw=9_000, spiff=(3, 40), titles=("Chief revenue officer", "Regional sales manager", "Account executive", "Solution specialist"),
)  # fmt: skip

VOLGA = Company(
    slug="volga", name="Волга Прибор", language="ru", time_zone="Europe/Moscow", currency="RUB", legal_entity="ООО «Волга Прибор»", country="RU",
    chief="Ольга Гусева",
    managers=(("centre", "Игорь Панов"), ("ural", "Марина Белова")),
    reps=(
        ("Анна Крылова", "Борис Ежов", "Вера Соколова", "Глеб Титов", "Дарья Маслова"),
        ("Егор Фомин", "Жанна Котова", "Захар Лыков", "Инна Рябова", "Кирилл Власов"),
    ),
    partner="АО «Меридиан Сервис»",
    customers=("Агросталь", "Байкалхим", "Волжский завод", "Гранит", "Двинаэнерго", "Енисей Транс", "Заря", "Исток Мед", "Кама Пласт", "Ладога"),
    products=(("Расходомер РМ-40", "приборы", 86_000), ("Газоанализатор ГА-7", "приборы", 240_000), ("Шкаф управления", "автоматика", 410_000),
              ("ПО «Диспетчер», год", "software", 360_000), ("Поверка и сервис, год", "сервис", 120_000)),
    quarter_quota=6_500_000, draw=140_000, spiff=(1, 2_000), hold_reason="Заказчик ещё не подписал акт приёмки",
    titles=("Коммерческий директор", "Руководитель отдела продаж", "Менеджер по продажам", "Инженер-консультант"),
    words=(
        ("Sales commission with accelerators", "Комиссия с продаж с ускорителями"), ("Own deals", "Собственные сделки"),
        ("Deals of the team", "Сделки команды"), ("Sales quota", "Квота продаж"), ("Commission rate", "Ставка комиссии"),
        ("Rate on the team's sales", "Ставка с продаж команды"),
        ("Own sales", "Собственные продажи"), ("Sales of the team", "Продажи команды"), ("Attainment of the quarter", "Выполнение за квартал"),
        ("Times the own rate, by part of the quota", "Множитель своей ставки по доле квоты"), ("Share of the team's sales", "Доля с продаж команды"),
        ("label: Commission}", "label: Комиссия}"), ("label: Commission\n", "label: Комиссия\n"), ("label: Sales,", "label: Продажи,"),
        ("Product bonus and renewals", "Премия за товар и продления"), ("Lines of own deals", "Строки собственных сделок"),
        ("Units sold", "Продано единиц"), ("Renewed yearly value", "Годовая стоимость продлений"),
        ("Bonus for each unit", "Премия за единицу"), ("Share of renewed contracts", "Доля с продлённых договоров"),
        ("Calendar months", "Календарные месяцы"), ("Draw for new sellers", "Аванс новым продавцам"), ("Draw of a month", "Аванс за месяц"),
    ),
    areas=(("centre", "Центр"), ("ural", "Урал")),
)  # fmt: skip

COMPANIES = (NORTHWIND, VOLGA)
